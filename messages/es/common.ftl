### Palabras comunes a todas las páginas.

fairway = Fairway
again = Intentar de nuevo
reload = Recargar
close = Cerrar
loading = Cargando
sending = Enviando
yes = Sí
no = No
none = ninguno
demo-ribbon = DEMO
demo-explained = Datos de demostración. Las empresas son nombres reales que no tienen parte en ello.

language = Idioma
theme = Aspecto
theme-auto = Como el dispositivo
theme-light = Claro
theme-dark = Oscuro
docs = Documentación
skip = Ir al contenido
looks = Idioma y aspecto
menu = Menú

amount-open = Mostrar de qué se compone este importe
id-copy = Copiar { $id }
id-copied = Copiado

table-all = todos
table-count = { $more ->
    [yes] { $count } mostrados, hay más
   *[no] { $count } mostrados
 }
table-filters = Filtrar: { $table }
table-save = Guardar
table-save-as = Guardar como { $format }
table-save-failed = No se pudo crear el archivo ({ $format }): una parte del programa no llegó. Recargue la página cuando vuelva la conexión.
table-save-part = No están todos: el archivo tiene los primeros { $count }. Filtre más para los demás.
currency = moneda

problem-trace = Referencia:
problem-unreachable = No se puede contactar con el servidor
problem-unreachable-hint = Compruebe la red. Lo que escribió sigue aquí; inténtelo de nuevo cuando vuelva la conexión.
problem-late = El servidor no respondió a tiempo
problem-late-hint = Puede que aún esté trabajando. Intentarlo de nuevo es seguro: nada se hace dos veces.
problem-drawing = Esta parte de la página no se puede mostrar
problem-drawing-hint = Es un fallo del programa, no suyo, y no se ha cambiado nada. Inténtelo de nuevo; si continúa, comunique lo de arriba a quien administra este Fairway.
problem-status-400 = La petición no se puede leer
problem-status-403 = Su cuenta no puede hacer esto
problem-status-404 = Aquí no hay nada
problem-status-409 = No encaja con lo que hay
problem-status-412 = Alguien lo cambió mientras tanto
problem-status-413 = Es demasiado grande
problem-status-422 = Así no se puede hacer
problem-status-429 = Demasiadas peticiones en poco tiempo
problem-status-500 = El programa ha fallado
problem-status-503 = El servicio está arrancando o sobrecargado
problem-status-403-hint = Pida una cuenta con el rol a quien administra este Fairway.
problem-status-404-hint = Puede que se haya eliminado, o que la dirección tenga un error.
problem-status-412-hint = Cárguelo de nuevo, mire el cambio y repita el suyo.
problem-status-429-hint = Espere un momento e inténtelo de nuevo.
problem-status-500-hint = Es un fallo del programa, no suyo. La referencia ayuda a encontrarlo.
problem-status-503-hint = Inténtelo en un momento.

live-lost = Se cortó la conexión con el servidor. Lo que ve tiene { $age }.
live-back = La conexión ha vuelto; todo está al día.
live-retry = Intentar ahora

sign-in = Entrar
sign-in-title = Entrar
sign-in-name = Nombre
sign-in-password = Contraseña
sign-in-demo = Demostración: elija una cuenta y entre.
sign-in-expired = Su sesión ha caducado
sign-in-expired-hint = Entre de nuevo para seguir. No se pierde nada de lo que escribió.
sign-out = Salir
password-hint = Al menos 12 caracteres. Unas cuantas palabras sirven.
problem-credentials = El nombre o la contraseña no es correcto
problem-credentials-hint = Compruebe ambos. Tras cinco fallos cada intento espera más.
problem-locked = Demasiados intentos fallidos
problem-not-signed-in = No ha entrado
problem-not-found = Aquí no hay nada
problem-role = Su cuenta no puede hacer esto
problem-fields = Algo en el formulario no es correcto
problem-duplicate = Esto ya existe
problem-password = Esta contraseña no sirve
problem-proof = Esto no es la prueba de una transacción
problem-query = Un filtro o la dirección no se puede leer
problem-too-far = Aquí tarda demasiado

keys-title = Teclas
keys-search = Buscar
keys-help = Estas teclas

nothing-here = Página no encontrada
nothing-here-hint = La dirección no lleva a ninguna parte. Puede ser antigua o tener un error.
arrow-to = a
more = Más
show = Mostrar
search = Buscar

signature = Firma
signature-good = firma comprobada
signature-bad = la firma no es válida
signature-unknown = no comprobada aquí
breakdown = De qué se compone el precio
amount = Importe
total = Total
energy = Energía
time = Hora
state = Estado
session = Carga
station = Estación
block = Bloque
transaction = Transacción
agreement = Acuerdo
valid-from = Válido desde
valid-until = Válido hasta
version = Versión
agreement-proposed = propuesto
agreement-countered = contrapropuesto
agreement-in-force = en vigor
agreement-later = empieza después
agreement-replaced = sustituido
agreement-suspended = suspendido
agreement-ended = terminado
agreement-withdrawn = retirado
agreement-lapsed = caducado
agreement-broken = roto
agreement-steps = Quién firmó e hizo qué
agreement-steps-none = Aún no se ha leído del libro mayor, o es anterior a los bloques que guarda este miembro.
agreement-step-proposed = propuesto y firmado
agreement-step-countersigned = refrendado
agreement-step-countered = respondido con otras condiciones
agreement-step-suspended = suspendido
agreement-step-resumed = suspensión levantada
agreement-step-terminated = terminado
agreement-step-broken = terminado por incumplimiento
account = Cuenta
balance = Saldo

verify-check = Comprobar ahora
verify-proof = Archivo de prueba
verify-keys = Claves públicas de los validadores
verify-yes = Probado: lo contiene el bloque { $height }, con las firmas de { $signers } validadores
verify-no = No probado
verify-self = Para no confiar en nadie, tome ambos archivos y compruébelos usted mismo, sin este servidor:
verify-program = El programa tras cargo demo: target/debug/fairway en la carpeta del clon; escríbalo en lugar de fairway.

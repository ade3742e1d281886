### Palabras comunes a todas las páginas.

fairway = Fairway
again = Intentar de nuevo
close = Cerrar
cancel = Cancelar
loading = Cargando
sending = Enviando
back = Volver
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
skip = Ir al contenido
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
table-save = Guardar como CSV

problem-trace = Referencia:
problem-unreachable = No se puede contactar con el servidor
problem-unreachable-hint = Compruebe la red. Lo que escribió sigue aquí; inténtelo de nuevo cuando vuelva la conexión.
problem-late = El servidor no respondió a tiempo
problem-late-hint = Puede que aún esté trabajando. Intentarlo de nuevo es seguro: nada se hace dos veces.
problem-status-403-hint = Su cuenta no puede hacer esto. Pida el rol a quien administra este Fairway.
problem-status-404-hint = Puede que se haya eliminado, o que la dirección tenga un error.
problem-status-412-hint = Alguien lo cambió mientras tanto. Cárguelo de nuevo, mire el cambio y repita el suyo.
problem-status-429-hint = Demasiadas peticiones en poco tiempo. Espere un momento e inténtelo de nuevo.
problem-status-500-hint = Es un fallo del programa, no suyo. La referencia ayuda a encontrarlo.
problem-status-503-hint = El servicio está arrancando o sobrecargado. Inténtelo en un momento.

live-lost = Se cortó la conexión con el servidor. Lo que ve tiene { $age }.
live-back = La conexión ha vuelto; todo está al día.
live-retry = Intentar ahora

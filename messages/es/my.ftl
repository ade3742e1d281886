### Las páginas del conductor.

my-title = Mis cargas
my-home = Inicio
my-sessions = Cargas
my-bills = Facturas
my-disputes = Reclamaciones
my-not-driver = Esta cuenta no tiene cargas propias
my-not-driver-hint = Estas páginas son para conductores. Los operadores trabajan en la consola; para ver las páginas de un conductor, salga y entre como conductor.
my-console = A la consola
my-hello = Hola,
my-live = Cargando ahora
my-live-hint = Lo último que supo su compañía; la estación va unos segundos por delante.
my-no-live = No hay ninguna carga en curso
my-no-live-hint = Escriba su número en cualquier estación de la red o muestre su tarjeta. La carga aparecerá aquí.
my-month = { $month } hasta ahora
my-month-note = { $lines ->
    [one] una carga
   *[other] { $lines } cargas
 }{ $pending ->
    [0] {""}
   *[other] , { $pending } por llegar
 }
my-owed = Por pagar
my-number = Su número de carga (CIN)
my-number-hint = Escríbalo en el teclado de cualquier estación, también de otras compañías.
my-month-pick = Mes
my-no-sessions = Sin cargas
my-no-sessions-hint = Elija otro mes o cargue su coche.
my-no-bills = Aún no hay facturas
my-no-bills-hint = La primera factura aparece con su primera carga.
my-no-disputes = No ha reclamado ninguna carga.
my-answer = Respuesta:
my-object = Reclamar una carga
my-object-about = Su compañía lo examina, pregunta a la otra y abona lo que estaba mal. Aquí verá cada paso.
my-object-which = Qué carga
my-object-why = Qué está mal
my-object-text = Qué pasó
my-object-text-hint = Con sus palabras, hasta 2000 caracteres.
my-object-claimed = Cuánto sería correcto
my-object-claimed-hint = El total correcto; déjelo vacío si no lo sabe.
my-object-claimed-wrong = Esto no es un importe: escríbalo con cifras y punto o coma, por ejemplo 4,50
my-object-send = Enviar
my-object-free = La carga de la que viene no ha costado nada; elija otra.
my-stop = Terminar la carga
my-stop-sure = ¿Terminar esta carga?
my-stop-about = { $network } le dice a la estación que pare. Paga lo cargado hasta entonces.
my-stop-not = Seguir cargando
my-stop-key = La tecla de parar del poste, su tarjeta y desenchufar funcionan en todo momento.
my-stopping = se pidió parar
my-stop-asked = Pidió parar. { $network } aún no ha contestado; se le pregunta hasta que conteste.
my-stop-told = Pidió parar. { $network } se lo ha dicho a la estación; enseguida termina.
my-stop-waits = Pidió parar. La estación no tiene ahora conexión con { $network }; lo sabrá en cuanto vuelva.
my-stop-refused = { $network } no la terminó:
my-stop-why-out-of-order = en ese momento no pasaba energía.
my-stop-why-session-unknown = no conoce esta carga.
my-cards = Tarjetas y llaves
my-cards-lost = ¿Perdió la tarjeta? Congélela aquí.
my-cards-mine = Lo que carga en su factura
my-card = Tarjeta, llave o contrato
my-card-ends = termina en { $end }
my-open = puede cargar
my-blocked = bloqueado por su compañía
my-blocked-hint = Su compañía ha bloqueado sus tarjetas y números. Solo ella puede levantarlo: llámela.
my-frozen = congelado por usted
my-frozen-since = Congeló sus tarjetas y números el
my-frozen-hint = Ninguno empieza una carga hasta que usted los descongele.
my-freeze-title = Congelar enseguida
my-freeze = Congelar ahora
my-freeze-sure = ¿Congelar todas sus tarjetas y números?
my-freeze-about = Desde ese momento ninguna tarjeta, llave o número suyo empieza una carga, ni en casa ni en otro lugar. Solo usted puede descongelarlos, aquí, cuando quiera.
my-freeze-running = Una carga en curso sigue y se factura. Termínela en la primera página o en la estación. Una red que no se alcanza lo sabrá cuando vuelva; «Quién le conoce» muestra cuál.
my-freeze-not = Dejarlo así
my-unfreeze = Descongelar
my-profiles = Quién le conoce
my-profiles-about = Las redes donde cargó pueden guardar un perfil de visita, para que vuelva a cargar sin preguntar a su compañía. Tiene su nivel y condiciones, ni nombre ni dirección.
my-profile-until = hasta
my-profile-leaving = retirado, aún sin confirmar; a más tardar hasta
my-no-profiles = Ninguna otra red guarda un perfil suyo.

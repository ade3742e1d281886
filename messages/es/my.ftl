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
my-live-hint = Lo último que supo su compañía; la estación va unos segundos por delante. Termine en la estación o desenchufando.
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

### La primera página, la puesta en marcha y el acceso.

start-title = Fairway
start-about = Cargue en la estación de cualquier miembro y reciba una sola factura en casa. Dos compañías acuerdan cada precio, ambas lo firman, y un libro mayor que ninguna empresa controla lo comprueba antes de mover el dinero.
start-console = Consola
start-console-about = Para quienes dirigen una compañía: cargas, estaciones, acuerdos, liquidación.
start-my = Mis cargas
start-my-about = Para conductores: la carga en curso, la factura, cada línea probada.
start-explorer = Explorador del libro mayor
start-explorer-about = Para auditores: bloques, transacciones en palabras, cuentas que suman cero.
start-docs = Documentación
start-docs-about = Inicio, conceptos y una página para conductores, operadores, ingenieros y auditores. Dentro de este programa, sin red. En inglés.
start-tour = Esta es una compañía de una demostración. Seis cosas para probar, en todas ellas, están en la página que el programa imprimió en Begin here.
setup-title = La primera cuenta
setup-about = Está configurando { $member }. Esta cuenta puede crear todas las demás.
setup-action = Crear la cuenta
setup-name-hint = Con lo que entrará, por ejemplo ada.
setup-display-name = Su nombre
setup-done = La configuración ya está hecha. Entre con una cuenta o pida una a un operador.
setup-no-token = Esta dirección necesita el secreto del enlace que el programa mostró en su primer arranque. Abra ese enlace tal como se mostró.
setup-needed = Aún no hay ninguna cuenta: abra el enlace que mostró el programa

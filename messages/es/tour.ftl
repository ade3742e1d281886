### Donde empieza la demostración: seis cosas para probar.

tour-title = Seis cosas para probar
tour-about = Cada una lleva menos de un minuto y se abre en su propia pestaña, en el miembro donde ocurre. Los datos de acceso ya están puestos; pulse Entrar.
tour-clock = Tiene su propio reloj: una hora pasa en un minuto, y empezó el 16 de noviembre de 2026.
tour-lost = La demostración no responde; la página lo intenta de nuevo.
tour-count = { $count } de { $all } hechas
tour-done = hecho
tour-charge = Cargue como { $driver } en una estación de { $visited }
tour-charge-how = En la pantalla de la estación escriba su número y #: { $home } responde por ella, el precio se ve antes de aceptar y la factura llega a casa. El cable y el coche están abajo, en «Demostración: tarjeta y coche».
tour-cin = Número de { $driver }:
tour-charge-do = Que lo haga { $driver }
tour-story = Lea la historia completa de esa carga
tour-story-how = Elija la carga más reciente de { $visited }: quién preguntó a quién, la oferta con ambas firmas, cada lectura del contador, el precio calculado por ambas y por el libro mayor, y quién recibe qué.
tour-bill = Demuestre una línea de la factura de { $driver }
tour-bill-how = En { $home } abra el mes y luego una línea: cada importe muestra de qué se compone, y Comprobar ahora pide las firmas de los validadores.
tour-terms = Cambie un precio y vea qué habría supuesto
tour-terms-how = Usted es responsable de itinerancia de { $visited }. Escriba otro precio por kWh: el texto del contrato lo sigue, y ¿Qué habría supuesto? recalcula las cargas del último mes.
tour-audit = Vea que todas las cuentas suman cero
tour-audit-how = Usted es auditor de { $witness }: cada cuenta del libro mayor con su saldo, y quién debe a quién, sin el nombre de ningún conductor.
tour-break = Detenga un validador mientras alguien carga
tour-break-how = Detenga { $witness }: tres de cuatro nodos siguen, las cargas se liquidan y la comprobación de arriba sigue diciendo que las cuentas cuadran.
tour-members = Las páginas de todos los miembros
tour-password = Todas las cuentas de la demostración tienen la misma contraseña; cada página de acceso la rellena.

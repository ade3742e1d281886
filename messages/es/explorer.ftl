### El explorador del libro mayor.

explorer-title = Explorador del libro mayor
explorer-blocks = Bloques
explorer-accounts = Cuentas
explorer-check = Comprobar una prueba
explorer-agreements = Acuerdos
explorer-console = Consola
explorer-my = Mis cargas
explorer-search = Altura, hash, carga o acuerdo
explorer-not-found = Nada tiene ese nombre. Los identificadores deben estar completos.
explorer-newer = { $count ->
    [one] Mostrar un bloque nuevo
   *[other] Mostrar { $count } bloques nuevos
 }
explorer-transactions = Transacciones
explorer-proposer = Propuesto por
explorer-digest = Resumen
explorer-parent = Bloque anterior
explorer-root = Estado posterior
explorer-no-blocks = Sin bloques
explorer-no-blocks-hint = El libro mayor acaba de empezar. La primera transacción crea el primer bloque.
explorer-empty-block = Un bloque vacío
explorer-empty-block-hint = Hace avanzar el tiempo y no contiene transacciones.
explorer-books-then = Las cuentas tras este bloque
explorer-where = Dónde está
explorer-by = Por
explorer-kind = Tipo
explorer-signed = Firmado por
explorer-signers = { $signers } de { $validators } validadores, bloque { $height }
explorer-postings = Asientos
explorer-zero = Los asientos suman cero
explorer-not-zero = Los asientos no suman cero
explorer-items = Qué contiene
explorer-proof = Prueba
explorer-fields = Todos los campos
explorer-bytes = Bytes tal como se firmaron
explorer-receipt = Recibo
explorer-at-height = Tras el bloque
explorer-after = Los libros tras el bloque
explorer-incomplete = no se conocen todas las cuentas a esta altura
explorer-sum-zero = Todas las cuentas juntas suman cero: el dinero se movió, no se creó
explorer-sum-not-zero = Las cuentas no suman cero. Avise a todos los miembros.
explorer-no-accounts = Aún no se ha movido ninguna cuenta
explorer-no-accounts-hint = La primera carga liquidada crea los primeros asientos.
explorer-positions = Debido entre miembros, aún sin compensar
outcome-tx-applied = aplicada
outcome-tx-refused = rechazada
account-kind-member = miembro
account-kind-tax = impuestos
account-kind-owner = propietario
account-kind-token = fichas
account-kind-issued = fichas emitidas
account-kind-redeeming = en canje
account-kind-collateral = garantía
check-about = Elija un archivo de prueba. Se comprueba con las claves públicas de los validadores de este consorcio.
check-choose = Archivo de prueba (.cbor)
check-too-large = Este archivo es demasiado grande para ser una prueba

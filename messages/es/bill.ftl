# La factura del mes: en PDF, en un terminal, en una página.

bill-date = { $day }/{ $month }/{ $year }
bill-month = { $name } de { $year }
bill-month-1 = enero
bill-month-2 = febrero
bill-month-3 = marzo
bill-month-4 = abril
bill-month-5 = mayo
bill-month-6 = junio
bill-month-7 = julio
bill-month-8 = agosto
bill-month-9 = septiembre
bill-month-10 = octubre
bill-month-11 = noviembre
bill-month-12 = diciembre

## Cabecera y total

bill-title = Factura de recarga de { $month }
bill-customer = Cliente
bill-cin = Número de cliente (CIN)
bill-utility = Su compañía eléctrica
bill-total = Total
bill-charges =
    { $count ->
        [one] { $count } recarga
       *[other] { $count } recargas
    }
bill-credits =
    { $count ->
        [one] { $count } abono
       *[other] { $count } abonos
    }
bill-total-of = { $charges }, { $energy }
bill-total-of-credited = { $charges }, { $energy }, menos { $credits } por { $amount }
bill-nothing = Este mes no se liquidó ninguna recarga suya.
bill-pending =
    { $count ->
        [one] { $count } recarga terminada aún no está liquidada; aparecerá en la factura del mes en que se liquide.
       *[other] { $count } recargas terminadas aún no están liquidadas; aparecerán en la factura del mes en que se liquiden.
    }

## Resumen

bill-networks = Por red
bill-network = Red
bill-network-home = { $name } (su compañía)
bill-count = Recargas
bill-energy = Energía
bill-amount = Importe
bill-sum = Suma
bill-credited = Abonos
bill-daily = Energía por día
bill-daily-alt =
    { $days ->
        [one] Gráfico de barras de la energía de cada día. Recargó un día, el { $day }: { $energy }.
       *[other] Gráfico de barras de la energía de cada día. Recargó { $days } días; el que más, el { $day }: { $energy }.
    }
bill-taxes = Impuestos incluidos en el total
bill-tax = Impuesto
bill-tax-rate = Tipo
bill-tax-base = Sobre
bill-list = Recargas
bill-number = N.º
bill-day = Fecha
bill-place = Lugar

## Una recarga

bill-details = Cada recarga al detalle
bill-charge = Recarga { $number }: { $day }, { $network }
bill-about = Hora y lugar
bill-when = Hora
bill-when-value = { $day }, de { $from } a { $to } ({ $offset })
bill-place-value = { $evse }, { $network }
bill-place-area = { $evse }, { $network }, zona { $area }
bill-price = Precio
bill-component = Componente
bill-quantity = Cantidad
bill-unit-price = Precio unitario
bill-dimension-energy = Energía
bill-dimension-flat = Tarifa por recarga
bill-dimension-parking = Conectado sin recargar
bill-dimension-time = Tiempo de recarga
bill-once = una vez
bill-per-kwh = { $price } por kWh
bill-per-hour = { $price } por hora
bill-limits = Precio mínimo o máximo de la tarifa
bill-discount = Descuento { $tier }
bill-tax-line = { $name }, { $rate } sobre { $base }
bill-rounding = Redondeo a la moneda más pequeña
bill-charge-total = Total de esta recarga
bill-tier-standard = Standard
bill-tier-gold = Gold
bill-tier-diamond = Diamond
bill-tier-platinum = Platinum

## Por qué el precio es el que es

bill-reasons = Por qué este precio
bill-reason-tariff = Tarifa { $tariff } del acuerdo { $agreement }.
bill-reason-load = Por la carga de la red, la energía se cobró al { $percent } de la tarifa.
bill-reason-list = Con la tarifa sola la energía habría costado { $list }; usted pagó { $price }, antes de descuento e impuestos.
bill-reason-corridor = El acuerdo mantiene el precio de la energía entre { $floor } y { $cap } por kWh.
bill-reason-held = Sin ese límite el precio de la energía habría sido otro.
bill-reason-discount = Como cliente { $tier } obtuvo un { $percent } de descuento sobre el precio neto.
bill-reason-rule-used = La regla propia del acuerdo { $rule } fijó el precio, dentro de los límites acordados.
bill-reason-rule-declined = La regla propia del acuerdo { $rule } dejó el precio a la tarifa.
bill-reason-rule-failed = La regla propia del acuerdo { $rule } no dio un precio válido; se aplicó la tarifa.
bill-reason-fixed = Usted aceptó estos precios el { $at }, cada uno para las horas en que vale; desde entonces no cambiaron.
bill-reason-estimate = La oferta que usted aceptó estimaba de { $low } a { $high }.
bill-reason-said = La oferta firmada dice:

## Quién recibe qué

bill-split = Quién recibe qué
bill-split-fixed = Repartido en partes fijas del precio neto, { $net }.
bill-split-shapley = Repartido por el valor de Shapley: del precio neto { $net } la compañía visitada recibe primero sus costes, { $costs }; del excedente { $surplus }, la compañía visitada y el dueño del sitio habrían obtenido { $alone } sin su compañía.
bill-split-nash = Repartido por la negociación de Nash: del precio neto { $net } la compañía visitada recibe primero sus costes, { $costs }; del excedente { $surplus }, los tres habrían obtenido { $alone } sin acuerdo.
bill-party = Parte
bill-share = Del precio neto
bill-posted = Tras descuento, impuestos y redondeo
bill-party-home = { $name } (su compañía)
bill-party-visited = { $name } (visitada)
bill-party-owner = Dueño del sitio
bill-party-tax = Impuestos
bill-none = -

## Prueba

bill-proof = Prueba
bill-session = Recarga
bill-agreement = Acuerdo
bill-offer = Oferta
bill-meter = Contador
bill-meter-verified =
    { $records ->
        [one] { $records } lectura firmada, registro de { $begin } a { $end }. { $utility } comprobó su firma con la clave del contador que figura en el registro del libro: es auténtica.
       *[other] { $records } lecturas firmadas, registro de { $begin } a { $end }. { $utility } comprobó cada firma con la clave del contador que figura en el registro del libro: todas son auténticas.
    }
bill-meter-unknown = No se conserva constancia de la comprobación.
bill-meter-key = Clave del contador
bill-evidence = Lecturas del contador
bill-event = Registro de la recarga
bill-ledger = Libro
bill-ledger-value = liquidada en el bloque { $height }
bill-ledger-at = liquidada en el bloque { $height } el { $at }
bill-transaction = Transacción

## Abonos

bill-credit-list = Abonos
bill-credit-why = Motivo
bill-credit-meter = Lectura errónea del contador
bill-credit-price = Precio erróneo
bill-credit-not-the-driver = La recarga no es suya
bill-credit-service = Mal servicio
bill-credit-courtesy = Cortesía
bill-credit-dispute = Reclamación resuelta

## Compruébelo usted mismo

bill-verify = Compruébelo usted mismo
bill-verify-about = Cada recarga de esta factura está en un libro que las compañías y el regulador llevan juntos. No tiene que creer a { $utility }; lo que necesita está a continuación.
bill-verify-1 = Pida a { $utility } la prueba de una recarga por su transacción. Es un archivo pequeño, hecho con:
bill-verify-2 = Consiga el archivo génesis del consorcio, con las claves públicas de sus fundadores, de alguien de confianza, como el regulador.
bill-verify-3 = Compruebe la prueba, con Fairway o con el pequeño segundo verificador, en cualquier ordenador:
bill-verify-4 = Compare: recarga, bloque, energía y total deben ser los de esta factura.
bill-verify-5 = Las lecturas firmadas del contador son suyas si las pide. El SHA-256 de todas en orden es lo que aquí figura como lecturas del contador, y cualquier herramienta OCMF comprueba sus firmas con la clave del contador.

## Páginas

bill-page = Página { $page } de { $pages }
bill-footer = { $utility }, factura de { $month }, CIN { $cin }
bill-missing = Los caracteres que faltan en las fuentes de este documento se dibujan como { $sign }. Su texto los contiene: { $list }.

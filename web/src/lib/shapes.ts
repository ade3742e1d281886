/** Shapes that every answer of the API shares. */

/** A sum of money or a unit price: `amount` counts units of 10^-scale of the currency. */
export interface Money {
  /** A whole number; a text when it does not fit into 53 bits. */
  amount: number | string;
  /** ISO 4217. */
  currency: string;
  /** Decimal places of `amount`. */
  scale: number;
}

/** RFC 9457. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail?: string | undefined;
  instance?: string | undefined;
  trace_id?: string | undefined;
  /** The last part of `type`. */
  code?: string | undefined;
  errors?: { pointer: string; message: string }[] | undefined;
}

/**
 * The message of topic upi_transactions: the one source from which ajv's reader, the registry's closed JSON Schema
 * and Avro schema, the generator's type and later OpenAPI are made. Field order is the order on the wire.
 */
export const MESSAGE_FIELDS = {
  txn_id: {
    required: true,
    type: 'text',
    about: 'Id of the transaction; every status update carries the same.',
  },
  payer: { required: true, type: 'text', about: 'VPA that pays, local@handle.' },
  payee: { required: true, type: 'text', about: 'VPA that is paid, local@handle.' },
  amount: {
    required: true,
    type: 'decimal',
    about: 'Rupees, at most two decimals; a decimal string is preferred to a number.',
  },
  status: {
    required: true,
    type: 'text',
    about: 'SUCCESS, FAILED, PENDING, DEEMED, EXPIRED, DECLINED or REVERSED, in any case.',
  },
  timestamp: {
    required: true,
    type: 'text',
    about: 'When the payment was initiated, ISO 8601 with its zone.',
  },
  type: { required: false, type: 'text', about: 'P2P, P2M or REFUND.' },
  channel: { required: false, type: 'text', about: 'QR, INTENT, COLLECT, MANDATE or OTHER.' },
  mcc: { required: false, type: 'text', about: 'Merchant category code, four digits.' },
  rrn: {
    required: false,
    type: 'text',
    about: 'Retrieval reference number, twelve digits, kept as text.',
  },
  payer_bank: { required: false, type: 'text', about: 'Bank that is debited.' },
  payee_bank: { required: false, type: 'text', about: 'Bank that is credited.' },
  response_code: {
    required: false,
    type: 'text',
    about: 'NPCI or bank response code, a wrapper such as U30|…|Z9|… included.',
  },
  completed_at: {
    required: false,
    type: 'text',
    about: 'When the status became final, ISO 8601 with its zone.',
  },
  original_txn_id: {
    required: false,
    type: 'text',
    about: 'For a refund: the transaction that is refunded.',
  },
  device: { required: false, type: 'text', about: 'Kind of device, such as ANDROID or IOS.' },
  city: { required: false, type: 'text', about: 'City of the payer.' },
  state: { required: false, type: 'text', about: 'State of the payer, two letters.' },
} as const satisfies Record<string, FieldRow>

/** `text` is a JSON string; `decimal` is one too, but a JSON number is read as well. */
interface FieldRow {
  readonly required: boolean
  readonly type: 'text' | 'decimal'
  readonly about: string
}

type Fields = typeof MESSAGE_FIELDS
export type MessageField = keyof Fields
export type RequiredField = {
  [F in MessageField]: Fields[F]['required'] extends true ? F : never
}[MessageField]
export type OptionalField = Exclude<MessageField, RequiredField>

/** A well-formed message as our own producers write it: amounts as decimal strings, absent fields null or left out. */
export type UpiMessage = Record<RequiredField, string> &
  Partial<Record<OptionalField, string | null>>

/** The names of the fields, in the order of the wire. */
export const MESSAGE_FIELD_NAMES = Object.keys(MESSAGE_FIELDS) as MessageField[]

/** The fields without which there is no payment. */
export const REQUIRED_FIELDS = MESSAGE_FIELD_NAMES.filter(
  (name): name is RequiredField => MESSAGE_FIELDS[name].required,
)

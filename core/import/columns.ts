import type { MessageField } from '../message.ts'
import type { Unit } from './amounts.ts'

/** A column that has been recognised by its name. */
export interface KnownColumn {
  readonly field: MessageField
  readonly column: string
  /** How sure its name is: the field's own name, one that means nothing else, or one that may mean something else. */
  readonly rank: 'own' | 'strong' | 'weak'
  readonly unit?: Unit
}

// Without case and punctuation. After the bar stand names that count only when the table has none of those before it.
const NAMES: Readonly<Record<MessageField, string>> = {
  txn_id: `transactionid upitxnid upitransactionid npcitxnid paymentid txnrefid transactionrefid | id`,
  payer: `payervpa payerupi payerupiid payeraddr payeraddress fromvpa fromupi fromupiid sendervpa senderupi senderupiid
    remittervpa debitvpa customervpa customerupiid | from sender remitter`,
  payee: `payeevpa payeeupi payeeupiid payeeaddr payeeaddress tovpa toupi toupiid receivervpa receiverupi receiverupiid
    beneficiaryvpa beneficiaryupiid creditvpa merchantvpa merchantupiid | to receiver beneficiary merchant`,
  amount: `amountinr amountrs amountrupees amountinrupees amountininr txnamount transactionamount paymentamount
    paidamount txnamt | amt value`,
  status: `txnstatus transactionstatus paymentstatus upistatus | result`,
  timestamp: `txntimestamp transactiontimestamp txndatetime transactiondatetime datetime txntime transactiontime txndate
    transactiondate createdat createdon createdtime initiatedat initiatedon eventtime eventtimestamp paymentdate
    paymenttime | date time ts`,
  type: 'txntype transactiontype',
  channel: 'txnchannel initiationmode | mode',
  mcc: 'merchantcategorycode payeemcc merchantmcc',
  rrn: `utr utrno utrnumber rrnno rrnnumber bankrrn npcirrn retrievalreferencenumber custref custrefno upirefno
    upireferencenumber`,
  payer_bank: 'senderbank remitterbank frombank debitbank issuerbank payerbankname',
  payee_bank: 'receiverbank beneficiarybank tobank creditbank acquirerbank payeebankname',
  response_code: 'respcode npciresponsecode npcicode upiresponsecode errorcode | rc',
  completed_at: 'completedon completiontime completedtime finishedat respondedat',
  original_txn_id: 'originaltransactionid origtxnid orgtxnid parenttxnid refundof',
  device: 'devicetype | os',
  city: 'payercity sendercity customercity',
  state: 'payerstate senderstate customerstate',
}

const IN_PAISE = `amountpaise amountinpaise amountpaisa amountinpaisa txnamountpaise transactionamountpaise amtpaise
  amtinpaise paise`

type Known = Omit<KnownColumn, 'column'>

const KNOWN: ReadonlyMap<string, Known> = new Map([
  ...(Object.entries(NAMES) as [MessageField, string][]).flatMap(([field, names]) => {
    const [strong = '', weak = ''] = names.split('|')
    return [
      ...entries(field, plainName(field), 'own'),
      ...entries(field, strong, 'strong'),
      ...entries(field, weak, 'weak'),
    ]
  }),
  ...entries('amount', IN_PAISE, 'strong').map(([name, known]): [string, Known] => [
    name,
    { ...known, unit: 'paise' },
  ]),
])

function entries(field: MessageField, names: string, rank: Known['rank']): [string, Known][] {
  return names
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => [name, { field, rank }])
}

/** What a column's name means; undefined when it means nothing to us. Inner objects are known by their whole path. */
export function recogniseColumn(column: string): KnownColumn | undefined {
  const known = KNOWN.get(plainName(column))
  return known === undefined ? undefined : { ...known, column }
}

// txnId, TXN-ID, "Txn Id" and txn_id are one name.
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

const DATE_ONLY = /^(?:txn|transaction|payment)?date$/
const TIME_ONLY = /^(?:txn|transaction|payment)?time$/

/** The two columns of a date and its time of day, in this order; undefined when they are not such a pair. */
export function dateAndTime(columns: readonly string[]): [string, string] | undefined {
  const date = columns.find((column) => DATE_ONLY.test(plainName(column)))
  const time = columns.find((column) => TIME_ONLY.test(plainName(column)))
  return columns.length === 2 && date !== undefined && time !== undefined ? [date, time] : undefined
}

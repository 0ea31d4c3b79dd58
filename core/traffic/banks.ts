import { Weighted } from './weighted.ts'

/** A bank as NPCI's monthly table of remitter banks shows it; shares are per cent of its volume. */
export interface Bank {
  /** The first four letters of its IFSC, which is how messages name it. */
  readonly code: string
  /** Its place in the table. */
  readonly index: number
  /** Millions of payments in the month. */
  readonly volume: number
  readonly approved: number
  readonly bd: number
  readonly td: number
  /**
   * Share of payments that were debited and had to be returned, and per cent of these returned in
   * time.
   */
  readonly reversed: number
  readonly reversedInTime: number
}

type BankRow = readonly [
  code: string,
  volume: number,
  approved: number,
  bd: number,
  td: number,
  reversed?: number,
  reversedInTime?: number,
]

// code, volume (mn), approved %, BD %, TD %, debit reversals (mn), reversal success %.
const BANK_ROWS: readonly BankRow[] = [
  // npci.org.in, UPI ecosystem statistics, remitter banks, August 2025 (domain notes 3.9).
  ['SBIN', 5368.74, 93.66, 5.92, 0.42, 14.51, 97.89],
  ['HDFC', 1581.09, 95.37, 4.63, 0.01, 3.51, 98.73],
  ['BARB', 1369.53, 91.44, 8.5, 0.05, 3.73, 99.03],
  ['UBIN', 1233.2, 92.23, 7.02, 0.75, 4.64, 61.93],
  ['PUNB', 1131.31, 91.2, 8.61, 0.19, 3.52, 97.66],
  ['ICIC', 752.78, 95.66, 3.82, 0.52, 2.11, 84.15],
  ['AIRP', 637.23, 85.83, 14.05, 0.12],
  ['BKID', 605.1, 88.96, 6.72, 4.32],
  // The rest of August 2025's 20.01 bn; our estimates inside the published range (approved 86 to 96
  // %).
  ['CNRB', 985, 92.5, 7.2, 0.3],
  ['UTIB', 890, 95.2, 4.4, 0.4],
  ['KKBK', 760, 95.6, 4.2, 0.2],
  ['IDIB', 520, 91.8, 7.7, 0.5],
  ['IPOS', 420, 88.5, 11, 0.5],
  ['CBIN', 400, 90.6, 8.5, 0.9],
  ['IOBA', 330, 91.5, 8, 0.5],
  ['FDRL', 330, 94.6, 5, 0.4],
  ['IDFB', 300, 95.4, 4.4, 0.2],
  ['MAHB', 300, 91, 8.3, 0.7],
  ['UCBA', 280, 90.9, 8.3, 0.8],
  ['INDB', 260, 94.8, 4.8, 0.4],
  ['FINO', 250, 87.4, 12.2, 0.4],
  ['JAKA', 210, 90.1, 8.6, 1.3],
  ['YESB', 190, 94.9, 4.7, 0.4],
  ['IBKL', 170, 93, 6.6, 0.4],
  ['AUBL', 160, 95.1, 4.6, 0.3],
  ['PSIB', 120, 90.8, 8.4, 0.8],
  ['BDBL', 115, 92.7, 6.9, 0.4],
  ['KARB', 110, 92.9, 6.5, 0.6],
  ['SIBL', 95, 93.4, 6.1, 0.5],
  ['DBSS', 70, 94.8, 4.9, 0.3],
  ['RATN', 60, 94.2, 5.3, 0.5],
]

// Where no reversals are published: the volume-weighted mean of the six banks that have them.
const REVERSED_SHARE = 0.0028
const REVERSED_IN_TIME = 92

/** All banks, greatest remitter first. */
export const BANKS: readonly Bank[] = BANK_ROWS.map(
  ([code, volume, approved, bd, td, reversed, reversedInTime], index) => ({
    code,
    index,
    volume,
    approved,
    bd,
    td,
    reversed: reversed === undefined ? REVERSED_SHARE : reversed / volume,
    reversedInTime: reversedInTime ?? REVERSED_IN_TIME,
  }),
)

/** Draws the bank of a person's account, by its volume as remitter. */
export const ACCOUNT_BANKS = new Weighted(BANKS, (bank) => bank.volume)

/** The bank of a code. */
export function bankOf(code: string): Bank {
  const bank = BANKS.find((row) => row.code === code)
  if (bank === undefined) throw new RangeError(`no bank has the code ${code}`)
  return bank
}

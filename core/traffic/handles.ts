import { type Bank, bankOf } from './banks.ts'
import { Weighted } from './weighted.ts'

/** What stands after the @: it names the app and its sponsor bank, not the bank of the account. */
export interface Handle {
  readonly text: string
  readonly app: string
  /** The three characters with which the PSP begins its transaction ids. */
  readonly prefix: string
  /** Share of the payers, in per cent. */
  readonly share: number
  /** Share of its VPAs that are a mobile number. */
  readonly mobile: number
  /** NPCI says FAILURE where most PSPs say FAILED. */
  readonly saysFailure: boolean
}

type HandleRow = readonly [text: string, app: string, prefix: string, share: number, mobile: number]

// handle, app, id prefix, share of payers %, share of mobile-number VPAs. Shares of apps: January
// 2026 (domain notes 3.9), divided over an app's handles by our estimate. Prefixes AXB, YJP and RBA
// are cited (3.2), HDF is the contract's example, the others are ours.
const HANDLE_ROWS: readonly HandleRow[] = [
  ['ybl', 'PhonePe', 'YJP', 27, 0.32],
  ['axl', 'PhonePe', 'AXL', 9.6, 0.3],
  ['ibl', 'PhonePe', 'IBL', 9.4, 0.3],
  ['okaxis', 'Google Pay', 'AXI', 9.5, 0.02],
  ['okhdfcbank', 'Google Pay', 'HDF', 8.5, 0.02],
  ['oksbi', 'Google Pay', 'SBG', 8.2, 0.02],
  ['okicici', 'Google Pay', 'ICG', 7.8, 0.02],
  ['ptyes', 'Paytm', 'PTY', 3, 0.45],
  ['ptaxis', 'Paytm', 'PTA', 2, 0.45],
  ['pthdfc', 'Paytm', 'PTH', 1.5, 0.45],
  ['ptsbi', 'Paytm', 'PTS', 1.3, 0.45],
  ['naviaxis', 'Navi', 'NAV', 3.3, 0.2],
  ['superyes', 'super.money', 'SUP', 1.4, 0.2],
  ['upi', 'BHIM', 'BHM', 0.8, 0.2],
  ['axisb', 'CRED', 'CRD', 0.74, 0],
  ['apl', 'Amazon Pay', 'APL', 1, 0.3],
  ['yapl', 'Amazon Pay', 'YAP', 0.6, 0.3],
  ['sbi', 'SBI', 'SBI', 0.9, 0.1],
  ['kotak', 'Kotak', 'KKB', 0.6, 0.05],
  ['rbl', 'RBL', 'RBA', 0.2, 0.05],
  ['airtel', 'Airtel', 'AIR', 0.9, 0.6],
  ['waicici', 'WhatsApp', 'WAI', 0.7, 0],
  ['jupiteraxis', 'Jupiter', 'JUP', 0.3, 0],
  ['slice', 'slice', 'SLC', 0.3, 0],
]

/** The handles of people who pay, drawn by the shares of their apps. */
export const PERSON_HANDLES = new Weighted(
  HANDLE_ROWS.map(([text, app, prefix, share, mobile]): Handle => {
    return { text, app, prefix, share, mobile, saysFailure: app === 'BHIM' }
  }),
  (handle) => handle.share,
)

/** Where a merchant is paid: a handle, its PSP's id prefix and the bank that is credited. */
export interface Acquirer {
  readonly handle: string
  readonly prefix: string
  readonly bank: Bank
  readonly share: number
}

/**
 * Acquirers by share of merchants' payments. Yes Bank was credited 8.0 of 19.47 bn payments in July
 * 2025 (domain notes 3.9), so that it must hold some 63 % of payments to merchants; how the others
 * share the rest is our estimate.
 */
export const ACQUIRERS = new Weighted<Acquirer>(
  [
    { handle: 'ybl', prefix: 'YJP', bank: bankOf('YESB'), share: 50 },
    { handle: 'ptys', prefix: 'PTM', bank: bankOf('YESB'), share: 11 },
    { handle: 'yesbank', prefix: 'YBL', bank: bankOf('YESB'), share: 2 },
    { handle: 'okbizaxis', prefix: 'AXB', bank: bankOf('UTIB'), share: 13 },
    { handle: 'axisbank', prefix: 'AXB', bank: bankOf('UTIB'), share: 3 },
    { handle: 'hdfcbank', prefix: 'HDF', bank: bankOf('HDFC'), share: 7 },
    { handle: 'icici', prefix: 'ICI', bank: bankOf('ICIC'), share: 5 },
    { handle: 'sbi', prefix: 'SBI', bank: bankOf('SBIN'), share: 4 },
    { handle: 'fbpe', prefix: 'FBP', bank: bankOf('FDRL'), share: 3 },
    { handle: 'kotak', prefix: 'KKB', bank: bankOf('KKBK'), share: 1 },
    { handle: 'barodampay', prefix: 'BOB', bank: bankOf('BARB'), share: 1 },
  ],
  (acquirer) => acquirer.share,
)

import { Weighted } from './weighted.ts'

/** Merchants of one category code. */
export interface Category {
  readonly mcc: string
  /** Share of payments to merchants, per cent. */
  readonly share: number
  /** Mean amount in rupees, and how far amounts spread around it. */
  readonly ticketRupees: number
  readonly sigma: number
  readonly limitRupees: number
  /** Share of amounts that are round: bills have paise, tea has not. */
  readonly round: number
  readonly merchants: number
  /** What the trade calls itself in a VPA; no two categories share a word. */
  readonly trades: readonly string[]
}

/**
 * What a payment may be worth unless the category says otherwise, in rupees (from 15 Sep 2025,
 * domain notes 3.6).
 */
export const LIMIT_RUPEES = 100_000

type CategoryRow = readonly [
  mcc: string,
  share: number,
  ticketRupees: number,
  sigma: number,
  round: number,
  merchants: number,
  trades: string,
  limitRupees?: number,
]

// mcc, share of volume %, mean ticket ₹, sigma, share of round amounts, merchants, words, limit ₹
// where it is enhanced. 5411 and 7322 are SBI Research's figures for July 2025; the others are our
// estimates, made so that the mean of all is the derived ₹584 of payments to merchants (domain
// notes 3.3). Limits: domain notes 3.6.
const CATEGORY_ROWS: readonly CategoryRow[] = [
  ['5411', 24.3, 211, 0.95, 0.7, 6000, 'kirana provision supermart grocers'],
  ['5814', 13, 130, 0.85, 0.85, 5000, 'chai tiffin dosa chaat juice'],
  ['5812', 6.5, 290, 0.8, 0.6, 2500, 'restaurant dhaba bhojanalay'],
  ['5541', 5, 480, 0.8, 0.9, 1200, 'petroleum fuels'],
  ['5542', 1.2, 520, 0.7, 0.9, 300, 'pumpqr'],
  ['4814', 5.5, 260, 0.6, 0.3, 60, 'mobile recharge'],
  ['4900', 3.2, 1350, 0.9, 0.05, 80, 'electricity waterboard gas'],
  ['5815', 4.2, 210, 0.8, 0.4, 150, 'stream music reads'],
  ['5816', 3, 120, 0.9, 0.8, 120, 'games arcade'],
  ['5912', 4.6, 330, 0.95, 0.4, 2500, 'medicals pharmacy'],
  ['5311', 3.4, 640, 0.9, 0.3, 500, 'bazaar departmental'],
  ['5651', 2.2, 1150, 0.8, 0.5, 1200, 'garments textiles'],
  ['5462', 3, 120, 0.75, 0.85, 1800, 'bakery sweets'],
  ['5499', 5.1, 140, 0.85, 0.85, 3000, 'dairy fruits eggs'],
  ['4121', 2.4, 190, 0.7, 0.75, 2500, 'auto cabs'],
  ['4111', 2.4, 80, 0.7, 0.8, 60, 'metrorail busline'],
  ['4722', 0.6, 3800, 1, 0.3, 300, 'travels tours', 500_000],
  ['4511', 0.25, 7200, 0.7, 0.1, 15, 'airways', 500_000],
  ['7322', 1.3, 5817, 0.9, 0.2, 120, 'collections emi', 500_000],
  ['6012', 0.9, 4200, 1, 0.3, 120, 'finance cardbill', 500_000],
  ['6211', 1, 5200, 1.2, 0.75, 60, 'broking mutualfund', 500_000],
  ['6300', 0.35, 3900, 0.8, 0.1, 50, 'insurance', 500_000],
  ['9311', 0.1, 9500, 1.2, 0.1, 30, 'tax', 500_000],
  ['8062', 0.6, 2600, 1.1, 0.4, 500, 'hospital clinic', 500_000],
  ['8220', 0.2, 9000, 1, 0.6, 250, 'college university', 500_000],
  ['8211', 0.2, 5500, 0.9, 0.6, 500, 'vidyalaya school', 500_000],
  ['5944', 0.2, 9500, 1.1, 0.5, 400, 'jewellers', 200_000],
  ['5999', 5.3, 420, 1, 0.6, 2500, 'stores gifts mobiles hardware'],
]

/** All categories, drawn by their share of payments to merchants. */
export const CATEGORIES = new Weighted(
  CATEGORY_ROWS.map(
    ([mcc, share, ticketRupees, sigma, round, merchants, trades, limit]): Category => ({
      mcc,
      share,
      ticketRupees,
      sigma,
      round,
      merchants,
      trades: trades.split(' '),
      limitRupees: limit ?? LIMIT_RUPEES,
    }),
  ),
  (category) => category.share,
)

import { CATEGORIES, type Category } from './categories.ts'
import { ACQUIRERS, type Acquirer } from './handles.ts'
import { GIVEN_NAMES, SHOP_NAMES } from './names.ts'
import { Random } from './random.ts'
import { type Weighted, zipf } from './weighted.ts'

/** Someone who is paid for goods or services. */
export interface Merchant {
  readonly vpa: string
  readonly category: Category
  readonly acquirer: Acquirer
}

/**
 * Draws a merchant: the category by its share, the merchant within it by Zipf's law. Every run
 * meets the same ones.
 */
export function drawMerchant(random: Random): Merchant {
  const category = CATEGORIES.draw(random)
  const market = MARKETS.get(category) as Market
  const rank = market.ranks.draw(random)
  return market.merchants[rank] ?? openShop(market, rank)
}

// Some 30,000 merchants in all; each is made when it is first drawn, and kept.
interface Market {
  readonly category: Category
  readonly ranks: Weighted<number>
  readonly random: Random
  readonly merchants: Merchant[]
}

// City streets are less skewed than web pages; with exponent 0.9 the greatest grocer has 4 % of
// groceries.
const ZIPF_EXPONENT = 0.9

const MARKETS = new Map(
  CATEGORIES.items.map((category): [Category, Market] => [
    category,
    {
      category,
      ranks: zipf(category.merchants, ZIPF_EXPONENT),
      random: new Random('merchants', category.mcc),
      merchants: [],
    },
  ]),
)

function openShop(market: Market, rank: number): Merchant {
  const random = market.random.at(rank)
  const name = random.pick(random.chance(0.4) ? GIVEN_NAMES : SHOP_NAMES)
  const trade = random.pick(market.category.trades)
  const acquirer = ACQUIRERS.draw(random)
  // The rank makes the name unique within its category, the trade among categories.
  const vpa = `${name}${trade}${rank === 0 ? '' : rank}@${acquirer.handle}`
  const merchant = { vpa, category: market.category, acquirer }
  market.merchants[rank] = merchant
  return merchant
}

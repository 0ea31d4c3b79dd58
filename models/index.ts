import { bank_upi_summary } from './marts/bank_upi_summary.ts'
import { category_upi_summary } from './marts/category_upi_summary.ts'
import { daily_upi_summary } from './marts/daily_upi_summary.ts'
import { decline_upi_summary } from './marts/decline_upi_summary.ts'
import { dim_merchants } from './marts/dim_merchants.ts'
import { fact_upi_aggregates } from './marts/fact_upi_aggregates.ts'
import { handle_upi_summary } from './marts/handle_upi_summary.ts'
import { hourly_upi_summary } from './marts/hourly_upi_summary.ts'
import { merchant_upi_summary } from './marts/merchant_upi_summary.ts'
import { settlement_upi_summary } from './marts/settlement_upi_summary.ts'
import { stg_upi_transactions } from './staging/stg_upi_transactions.ts'

/** Every model. A file that is not named here is not built; the order does not matter. */
export const MODELS = [
  stg_upi_transactions,
  fact_upi_aggregates,
  daily_upi_summary,
  merchant_upi_summary,
  dim_merchants,
  hourly_upi_summary,
  handle_upi_summary,
  bank_upi_summary,
  category_upi_summary,
  decline_upi_summary,
  settlement_upi_summary,
]

import { daily_upi_summary } from './marts/daily_upi_summary.ts'
import { fact_upi_aggregates } from './marts/fact_upi_aggregates.ts'
import { stg_upi_transactions } from './staging/stg_upi_transactions.ts'

/** Every model. A file that is not named here is not built; the order does not matter. */
export const MODELS = [stg_upi_transactions, fact_upi_aggregates, daily_upi_summary]

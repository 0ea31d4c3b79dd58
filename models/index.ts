import { daily_upi_summary } from './marts/daily_upi_summary.ts'
import { stg_upi_transactions } from './staging/stg_upi_transactions.ts'

/** Every model. A file that is not named here is not built; the order does not matter. */
export const MODELS = [stg_upi_transactions, daily_upi_summary]

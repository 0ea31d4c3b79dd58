import { KNOWN_DAYS } from '../queries/days.ts'
import { type Ask, askOne, type FactReader } from './fact-reader.ts'

/** Which business days still wait to be closed, or to be built right. */
export function dayFacts(ask: Ask): FactReader {
  return {
    fact: 'days',
    async read() {
      const { open, overdue, failed } = await askOne<DayRow>(ask, DAYS)
      return {
        upi_days_open: [[open]],
        upi_day_close_overdue_seconds: [[overdue]],
        upi_days_failed: [[failed]],
      }
    },
  }
}

interface DayRow {
  readonly open: number
  readonly overdue: number
  readonly failed: number
}

const DAYS = `
  with today as (select (now() at time zone 'Asia/Kolkata')::date as day),
  known as (${KNOWN_DAYS}),
  open as (
    select known.day from known
    left join ops.days as d on d.business_date = known.day
    where known.day < (select day from today) and coalesce(d.state, 'open') = 'open'
  )
  select count(open.day)::integer as open,
    coalesce(extract(epoch from now() - (
      min(open.day) filter (where open.day >= today.day - 7) + 1
    )::timestamp at time zone 'Asia/Kolkata'), 0)::double precision as overdue,
    (select count(*)::integer from ops.days where failed_at is not null) as failed
  from today left join open on true
  group by today.day`

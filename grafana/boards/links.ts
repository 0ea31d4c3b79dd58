import type { Link } from '../builder/panel.ts'

// Grafana puts these in.
const VALUE = `\${__value.raw:percentencode}`
const RANGE = `\${__url_time_range}`

/** From a handle of payers to its days. */
export const daysOfPayersHandle: Link = {
  title: 'Days of this handle',
  url: `/d/upi-banks?var-side=payer&var-handle=${VALUE}`,
}

/** From a row of Banks and handles to that bank or handle alone. */
export function alone(party: 'bank' | 'handle'): Link {
  return {
    title: `This ${party} alone`,
    url: `/d/upi-banks?var-side=$side&var-${party}=${VALUE}&${RANGE}`,
  }
}

/** From a handle to the minutes of its payers. */
export const minutesOfHandle: Link = {
  title: 'Minutes of its payers',
  url: `/d/upi-live?var-handle=${VALUE}`,
}

/** From a row with a merchant to its days. */
export const daysOfMerchant: Link = {
  title: 'Days of this merchant',
  url: `/d/upi-merchants?var-merchant=${VALUE}&${RANGE}`,
}

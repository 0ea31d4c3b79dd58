// Grafana puts these in.
const VALUE = `\${__value.raw:percentencode}`
const RANGE = `\${__url_time_range}`

/** From a row with a handle or a bank to its own days. */
export function toBanks(party: 'handle' | 'bank', side: string) {
  return {
    title: `Days of this ${party}`,
    url: `/d/upi-banks?var-side=${side}&var-${party}=${VALUE}`,
  }
}

/** From a row with a handle to its minutes. */
export const toLiveHandle = {
  title: 'Minutes of this handle',
  url: `/d/upi-live?var-handle=${VALUE}`,
}

/** From a row with a merchant to its own days. */
export const toMerchant = {
  title: 'Days of this merchant',
  url: `/d/upi-merchants?var-merchant=${VALUE}&${RANGE}`,
}

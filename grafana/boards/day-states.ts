/** How a business day stands, in the colours that mean so on every board. */
export const DAY_STATES = {
  open: { color: 'yellow' },
  closed: { color: 'green' },
  revised: { color: 'orange' },
  failed: { color: 'red' },
} as const

import type { Steps } from '../builder/panel.ts'

// From when on a share has a colour, the same on every board; technical declines NPCI wants below 1 %.
export const SUCCESS_STEPS: Steps = ['red', [0.6, 'orange'], [0.9, 'green']]
export const TD_STEPS: Steps = ['green', [0.01, 'orange'], [0.03, 'red']]
export const BD_STEPS: Steps = ['green', [0.05, 'orange'], [0.15, 'red']]

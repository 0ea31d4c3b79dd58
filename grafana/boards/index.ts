import type { Board } from '../builder/dashboard.ts'
import { live } from './live.ts'

/** All dashboards, one question each. */
export const BOARDS: readonly Board[] = [live]

import type { Board } from '../builder/dashboard.ts'
import { banks } from './banks.ts'
import { daily } from './daily.ts'
import { live } from './live.ts'
import { merchants } from './merchants.ts'
import { pipeline } from './pipeline.ts'

/** All dashboards, one question each. */
export const BOARDS: readonly Board[] = [live(), daily(), merchants(), banks(), pipeline()]

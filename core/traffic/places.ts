import { Weighted } from './weighted.ts'

/** Where a payer lives. */
export interface Place {
  readonly city: string
  readonly state: string
  readonly share: number
}

// State, share of volume %, cities with the greatest first. Maharashtra, Karnataka and Uttar
// Pradesh: July 2025 (domain notes 3.9); NPCI leaves much of the volume without a state, and the
// other shares are our estimates.
const STATES: readonly (readonly [state: string, share: number, cities: readonly string[]])[] = [
  ['MH', 9.8, ['Mumbai', 'Pune', 'Nagpur', 'Thane', 'Nashik', 'Aurangabad']],
  ['KA', 5.5, ['Bengaluru', 'Mysuru', 'Hubballi', 'Mangaluru']],
  ['UP', 5.3, ['Lucknow', 'Kanpur', 'Noida', 'Ghaziabad', 'Varanasi', 'Agra']],
  ['TG', 5.1, ['Hyderabad', 'Warangal', 'Karimnagar']],
  ['TN', 4.6, ['Chennai', 'Coimbatore', 'Madurai', 'Salem']],
  ['AP', 3.9, ['Visakhapatnam', 'Vijayawada', 'Guntur', 'Tirupati']],
  ['RJ', 3.6, ['Jaipur', 'Jodhpur', 'Kota', 'Udaipur']],
  ['DL', 3.5, ['Delhi']],
  ['MP', 3.1, ['Indore', 'Bhopal', 'Jabalpur', 'Gwalior']],
  ['GJ', 3, ['Ahmedabad', 'Surat', 'Vadodara', 'Rajkot']],
  ['WB', 2.7, ['Kolkata', 'Howrah', 'Siliguri']],
  ['BR', 2.5, ['Patna', 'Gaya', 'Muzaffarpur']],
  ['HR', 2.2, ['Gurugram', 'Faridabad', 'Panipat']],
  ['KL', 2, ['Kochi', 'Thiruvananthapuram', 'Kozhikode']],
  ['OD', 1.6, ['Bhubaneswar', 'Cuttack']],
  ['PB', 1.4, ['Ludhiana', 'Amritsar', 'Jalandhar']],
  ['JH', 1.1, ['Ranchi', 'Jamshedpur']],
  ['CG', 1, ['Raipur', 'Bhilai']],
  ['AS', 0.9, ['Guwahati', 'Silchar']],
  ['UK', 0.7, ['Dehradun', 'Haridwar']],
]

/**
 * Draws a place by its state's share; within a state, each city half as often as the one before.
 */
export const PLACES = new Weighted<Place>(
  STATES.flatMap(([state, share, cities]) =>
    cities.map((city, rank) => ({ city, state, share: share * cityPart(rank, cities.length) })),
  ),
  (place) => place.share,
)

function cityPart(rank: number, count: number): number {
  return 0.5 ** rank / (2 - 0.5 ** (count - 1))
}

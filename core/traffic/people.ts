import { ACCOUNT_BANKS, type Bank } from './banks.ts'
import { type Handle, PERSON_HANDLES } from './handles.ts'
import { FAMILY_NAMES, GIVEN_NAMES } from './names.ts'
import { PLACES, type Place } from './places.ts'
import { mixBits, Random } from './random.ts'
import { Weighted } from './weighted.ts'

/** Someone with a bank account and an app. */
export interface Person {
  readonly vpa: string
  readonly handle: Handle
  readonly bank: Bank
  readonly device: string
  /** Null for those whose app does not tell. */
  readonly place: Place | null
}

/** How many people there are; every run meets the same ones, whatever its seed. */
const PEOPLE = 2_000_000

// Without a known place, as many PSPs leave it out.
const PLACELESS_SHARE = 0.08

// Most transfers go to the same few people; our estimate.
const KNOWN_CONTACT_SHARE = 0.7
const CONTACTS = 8

// Few branches are drawn, so that account-form handles stay a small part of all handles.
const BRANCHES_PER_BANK = 40

const DEVICES = new Weighted(
  [
    { name: 'ANDROID', share: 90 },
    { name: 'IOS', share: 9.5 },
    { name: 'FEATURE_PHONE', share: 0.5 },
  ],
  (device) => device.share,
)

/** The person of a number below PEOPLE: always the same one. */
export function personAt(number: number): Person {
  const random = people.at(number)
  const handle = PERSON_HANDLES.draw(random)
  const bank = ACCOUNT_BANKS.draw(random)
  const device = DEVICES.draw(random).name
  const place = random.chance(PLACELESS_SHARE) ? null : PLACES.draw(random)
  return { vpa: `${localPart(handle, random)}@${handle.text}`, handle, bank, device, place }
}

/** Draws a person's number: the most active tenth of all people makes a third of the payments. */
export function drawPerson(random: Random): number {
  const share = random.uniform()
  return Math.floor(share * share * PEOPLE)
}

/** Draws whom a person pays: mostly one of a few contacts, else anyone; never the person itself. */
export function drawContact(person: number, random: Random): number {
  const contact = random.chance(KNOWN_CONTACT_SHARE)
    ? (mixBits(person * CONTACTS + random.below(CONTACTS)) >>> 0) % PEOPLE
    : drawPerson(random)
  return contact === person ? (contact + 1) % PEOPLE : contact
}

/**
 * A person's account as a VPA, `account@IFSC.ifsc.npci`, for transfers to those without a UPI id.
 */
export function accountVpa(bank: Bank, random: Random): string {
  const account = `${random.between(1, 9)}${digits(random.bits(), 10)}`
  const branch = String(random.below(BRANCHES_PER_BANK) * 37 + 1).padStart(6, '0')
  return `${account}@${bank.code}0${branch}.ifsc.npci`
}

const people = new Random('people')

function localPart(handle: Handle, random: Random): string {
  if (random.chance(handle.mobile)) return `${random.between(6, 9)}${digits(random.bits(), 9)}`
  const given = random.pick(GIVEN_NAMES)
  const family = random.pick(FAMILY_NAMES)
  const style = random.below(6)
  const number = random.below(10_000)
  if (style === 0) return `${given}.${family}${number}`
  if (style === 1) return `${given}${family}${number}`
  if (style === 2) return `${given}.${family.slice(0, 1)}${number}`
  if (style === 3) return `${family}.${given}${number}`
  if (style === 4) return `${given}${1950 + (number % 60)}.${family}`
  return `${given}${family}${number % 100}-${1 + (number % 4)}`
}

function digits(bits: number, count: number): string {
  return String(bits >>> 0)
    .padStart(count, '0')
    .slice(-count)
}

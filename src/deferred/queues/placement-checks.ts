/** What is a queue, a priority, a key and a window, for tasks, options of `enqueue` and what is read from the log. */
import { InvalidOptionError } from '../../kernel'

export const defaultQueue = 'default'

const longestName = 100
const longestKey = 500
const furthestPriority = 1_000
const longestWindowSeconds = 365 * 24 * 60 * 60

/** For messages. */
export const placementChecks = {
  queue: `a string of 1 to ${longestName} characters`,
  priority: `a whole number from -${furthestPriority} to ${furthestPriority}, the smallest first`,
  unique: `true, false, or a string of 1 to ${longestKey} characters`,
  uniqueFor: `seconds from 0 to ${longestWindowSeconds}`,
} as const

export function isQueueName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestName
}

/** @throws InvalidOptionError */
export function checkedQueue(value: unknown): string {
  if (isQueueName(value)) return value
  throw new InvalidOptionError({ option: 'queue', expected: placementChecks.queue, given: value })
}

export function isPriority(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= furthestPriority
}

export function isUniqueKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestKey
}

export function isUniqueFor(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= longestWindowSeconds
}

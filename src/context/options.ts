/** The options of the context: what goes along to other services. */
import { anyValue, defineOptions } from '../kernel'

/** `fetch` of Node, or of the package undici. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface ContextOptions {
  /**
   * Origins that `rage.fetch` sends W3C baggage to, such as `'https://stock.internal'`: it may hold what came in from outside.
   * The request id and the trace go everywhere. `[]` = none. @defaultValue `[]`
   */
  baggageTo?: readonly string[]
  /** What `rage.fetch` calls. `null` = Node's own, looked up at each call. @defaultValue `null` */
  fetch?: Fetch | null
}

export const contextOptions = defineOptions<ContextOptions>({
  baggageTo: anyValue<readonly string[]>(
    [],
    "a list of origins, such as 'https://stock.internal'",
    (value) => Array.isArray(value) && value.every(isOrigin),
  ),
  fetch: anyValue<Fetch | null>(
    null,
    'a function like fetch, or null',
    (value) => value === null || typeof value === 'function',
  ),
})

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value
}

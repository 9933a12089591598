/** Whether a web page may connect. Browsers send cookies with any page's handshake, so this is what stops a foreign one. */
import type { IncomingMessage } from 'node:http'
import type { AllowedOrigins } from './options'

/** @param host what the client called us; behind a trusted proxy, what it called the proxy. */
export type OriginCheck = (origin: string | undefined, host: string | undefined) => boolean

export function createOriginCheck(allowed: AllowedOrigins): OriginCheck {
  if (allowed === 'all') return () => true
  const known = allowed === 'same-host' ? [] : allowed.map(matcherFor)
  return (origin, host) => {
    if (origin === undefined) return true
    return isSameHost(origin, host) || known.some((matches) => matches(origin))
  }
}

/** The host a request was made to, as it says itself. */
export function ownHost(req: IncomingMessage): string | undefined {
  return req.headers.host
}

function matcherFor(allowed: string | RegExp): (origin: string) => boolean {
  if (typeof allowed === 'string') return (origin) => origin.toLowerCase() === allowed
  // Whole: /example\.com/ must not let in https://example.com.attacker.net.
  const whole = new RegExp(`^(?:${allowed.source})$`, allowed.flags.replace(/[gy]/g, ''))
  return (origin) => whole.test(origin)
}

/** Parsed both ways, so that the scheme's own port counts as none. */
function isSameHost(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false
  const page = new URL(origin)
  const own = `${page.protocol}//${host}`
  return page.host !== '' && URL.canParse(own) && new URL(own).host === page.host
}

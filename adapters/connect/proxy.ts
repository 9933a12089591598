/** Whose word is taken for a client's address. The seam of proxy-addr. */
import proxyAddr from 'proxy-addr'
import type { Request } from '../../src/http'

/** Whether the proxy with that address, so many hops away, may name the client behind it. */
export type Trust = (address: string, hop: number) => boolean

/** As Express reads its setting `trust proxy`: `true`, a number of hops, addresses, or a function. */
export function compileTrust(value: unknown): Trust {
  if (typeof value === 'function') return value as Trust
  if (value === true) return () => true
  if (typeof value === 'number') return (_address, hop) => hop < value
  if (typeof value === 'string') return proxyAddr.compile(value.split(',').map((part) => part.trim()))
  return proxyAddr.compile((value as string[] | undefined) || [])
}

export function clientAddress(req: Request, trust: Trust): string {
  return proxyAddr(req, trust)
}

/** The addresses on the way, farthest first, without that of the socket. */
export function forwardedAddresses(req: Request, trust: Trust): string[] {
  const addresses = proxyAddr.all(req, trust)
  addresses.reverse().pop()
  return addresses
}

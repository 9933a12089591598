/** `res.redirect` of Express's API, with the text or page that a client shows which does not follow. */
import { STATUS_CODES } from 'node:http'
import type { ConnectResponse } from './response'

export function redirect(this: ConnectResponse, ...given: readonly (string | number)[]): void {
  const [code, url] = (given.length === 1 ? [302, given[0]] : given) as [number, string]
  const address = String(this.location(url).get('Location'))
  let body = ''
  this.format({
    text: () => {
      body = `${STATUS_CODES[code]}. Redirecting to ${address}`
    },
    html: () => {
      const title = STATUS_CODES[code]
      const text = `${title}. Redirecting to ${escapeHtml(address)}`
      body =
        this.app.major === 4
          ? `<p>${text}</p>`
          : `<!DOCTYPE html><head><title>${title}</title></head><body><p>${text}</p></body>`
    },
    default: () => undefined,
  })
  this.status(code)
  this.set('Content-Length', Buffer.byteLength(body))
  if (this.req.method === 'HEAD') this.end()
  else this.end(body)
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

/** As escape-html writes them: Express's own pages are compared byte by byte. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

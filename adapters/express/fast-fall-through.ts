/**
 * Spares requests that no route of ours could match the way through our layer: Express asks a layer whether it
 * matches before it prepares to call it, and ours says no. Without this a mount costs what an empty middleware
 * costs, some 4 % of a hello-JSON request in Express 5. Source: bench/passthrough.mjs.
 */
import type { HostedApplication } from '../../src/runtime'
import type { Layer } from './router-stack'

/**
 * @param layer       that of a mount; left alone where it does not look as expected.
 * @param isExclusive what lies below an owned prefix is ours too, to be refused.
 */
export function fallThroughFast(layer: Layer, app: HostedApplication, isExclusive: boolean): void {
  if (typeof layer.match !== 'function') return
  const { match } = layer
  layer.match = function matchOwned(this: Layer, path: string): unknown {
    const matched = attempt(this, path)
    if (!matched) return matched
    // What matched is in the answer (Express 5.3) or on the layer (before); elsewhere, leave it to the handler.
    const prefix = (matched as { path?: unknown }).path ?? this.path
    if (typeof prefix !== 'string' || typeof path !== 'string') return matched
    const below = path.slice(prefix.length)
    if (below === app.cablePath || app.ownsPath(below === '' ? '/' : below)) return matched
    return isExclusive && app.ownsPrefix(below) ? matched : false
  }
  /** A parameter of the prefix that cannot be decoded is an error; of the app's own routes there, not of the mount. */
  function attempt(self: Layer, path: string): unknown {
    try {
      return match.call(self, path)
    } catch {
      return false
    }
  }
}

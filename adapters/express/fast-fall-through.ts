/**
 * Spares requests that no route of ours could match the way through our layer: Express asks a layer whether it
 * matches before it prepares to call it, and ours says no. Without this a mount costs what an empty middleware
 * costs, some 4 % of a hello-JSON request in Express 5. Source: bench/passthrough.mjs.
 */
import type { HostedApplication } from '../../src/runtime'
import { type Layer, layersOf } from './router-stack'

/** Called right after Express has pushed the layer of a mount; does nothing where it does not look as expected. */
export function fallThroughFast(parent: unknown, app: HostedApplication): void {
  const layer = layersOf(parent)?.at(-1)
  if (typeof layer?.match !== 'function' || (layer.handle as { name?: string }).name !== 'mounted_app') return
  const { match } = layer
  layer.match = function matchOwned(this: Layer, path: string): unknown {
    const matched = match.call(this, path)
    if (!matched) return matched
    // What matched is in the answer (Express 5.3) or on the layer (before); elsewhere, leave it to the handler.
    const prefix = (matched as { path?: unknown }).path ?? this.path
    if (typeof prefix !== 'string' || typeof path !== 'string') return matched
    const below = path.slice(prefix.length)
    return below === app.cablePath || app.ownsPath(below === '' ? '/' : below) ? matched : false
  }
}

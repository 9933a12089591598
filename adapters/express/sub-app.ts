/**
 * What has `handle`, `set` and `emit` is a sub-app to `app.use`, which tells it the app and path it was mounted
 * at. Express then wraps it in a function that restores prototypes after it: ours changes none, so the wrapper,
 * which would undo what earlier middleware did to them, is taken off again.
 */
import { type Layer, layersOf } from './router-stack'

/** What Express puts around a sub-app, in both majors. */
const wrapperName = 'mounted_app'

/**
 * The layer that `parent` has just made for `handler`, now calling it directly; `null` where it cannot be told.
 */
export function unwrap(parent: unknown, handler: unknown): Layer | null {
  const layer = layersOf(parent)?.at(-1)
  if (layer === undefined || (layer.handle as { name?: string } | undefined)?.name !== wrapperName)
    return null
  layer.handle = handler
  return layer
}

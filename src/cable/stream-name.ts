/** How streams are named: `<channel>:<key of the model>`. */
import type { AnyClass } from '../kernel'
import { InvalidStreamError, UnnamedChannelError, UnstreamableError } from './errors'

/** What can name a stream: text, a model (an instance of a class with an id), or anything that says its key. */
export type Streamable = string | number | { toStreamKey(): string } | { readonly id: unknown }

/** The name clients subscribe by. Own only: a subclass must not take its base's place. */
export function channelNameOf(type: AnyClass & { readonly channelName?: string | null }): string {
  const name = (Object.hasOwn(type, 'channelName') ? type.channelName : null) ?? type.name
  if (name === '') throw new UnnamedChannelError({})
  return name
}

export function streamNameFor(
  channel: AnyClass & { readonly channelName?: string | null },
  model: Streamable,
): string {
  return `${channelNameOf(channel)}:${keyOf(model)}`
}

/** @throws InvalidStreamError: JavaScript callers pass `undefined` when a lookup found nothing. */
export function checkStreamName(stream: string): void {
  if (typeof stream !== 'string' || stream === '') throw new InvalidStreamError({ stream })
}

function keyOf(model: Streamable): string {
  const key = typeof model === 'object' && model !== null ? keyOfObject(model) : model
  if ((typeof key === 'string' && key !== '') || Number.isFinite(key)) return String(key)
  throw new UnstreamableError({ model })
}

function keyOfObject(model: object): string | null {
  if ('toStreamKey' in model && typeof model.toStreamKey === 'function') return model.toStreamKey()
  const id = 'id' in model ? model.id : null
  // Mongoose names every constructor "model" and keeps the real name beside it.
  const { name, modelName = name } = model.constructor as { name: string; modelName?: string }
  // Post 1 and user 1 as plain objects would share a stream, and one's messages reach the other.
  if (modelName === 'Object' || id === null || id === undefined || id === '') return null
  return `${modelName}:${String(id)}`
}

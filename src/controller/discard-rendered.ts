/** A body that was rendered and will not be answered. Shared by the dispatcher and by logins that are refused late. */
import type { AnyController } from './controller'

/** What was rendered is not what will be answered: lets go of its file or stream. */
export function discardRendered(controller: AnyController): void {
  const { rendered } = controller
  controller.rendered = null
  const body = rendered?.body ?? null
  if (body !== null && typeof body !== 'string' && !Buffer.isBuffer(body)) body.discard()
}

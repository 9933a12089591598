/**
 * The tree of events as text: below each event who is called when it is published, in that order.
 *
 *     OrderEvent
 *     ├─ WriteLog
 *     └─ OrderPlaced  (Audited)
 *        ├─ WriteLog  via OrderEvent
 *        ├─ SendReceipt  deferred
 *        └─ KeepRecord  deferred, via Audited
 */
import type { EventNode, SubscriberNode } from './tree'

/** Without a final line break. */
export function formatEvents(events: readonly EventNode[]): string {
  if (events.length === 0) return 'no events: no subscriber is registered and none was declared'
  return events.flatMap((event) => [titleOf(event), ...linesBelow(event, '')]).join('\n')
}

function linesBelow(event: EventNode, indent: string): string[] {
  const { subscribers, children } = event
  const nobody = subscribers.length === 0 ? ['nobody'] : []
  const leaves = [...subscribers.map((one) => leafOf(one, event)), ...nobody].map((text) => [text])
  const branches = children.map((child) => (isLast: boolean) => [
    titleOf(child),
    ...linesBelow(child, `${indent}${isLast ? '   ' : '│  '}`),
  ])
  const blocks = [...leaves.map((lines) => () => lines), ...branches]
  return blocks.flatMap((block, index) => {
    const isLast = index === blocks.length - 1
    const [first, ...rest] = block(isLast)
    return [`${indent}${isLast ? '└─' : '├─'} ${first}`, ...rest]
  })
}

function titleOf({ name, isTrait, traits }: EventNode): string {
  if (isTrait) return `${name}  trait`
  return traits.length === 0 ? name : `${name}  (${traits.join(', ')})`
}

function leafOf({ name, deferred, via }: SubscriberNode, event: EventNode): string {
  const notes = [...(deferred ? ['deferred'] : []), ...(via === event.name ? [] : [`via ${via}`])]
  return notes.length === 0 ? name : `${name}  ${notes.join(', ')}`
}

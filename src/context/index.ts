/**
 * context: who is this work for. One store per unit of work, `Current` attributes, and the port for effects
 * that a gate may hold back. Carries values; it writes no logs and makes no spans.
 */
export { afterCommit } from './after-commit'
export { type Baggage, type BaggageEntry, baggageLimits, formatBaggage, parseBaggage } from './baggage'
export { type Carrier, dumpCarrier, encodeCarrier, loadCarrier } from './carrier'
export {
  type Arm,
  Context,
  type ContextKind,
  type ContextRequest,
  type ContextResponse,
  type ContextSeed,
  callInContext,
  currentContext,
  deriveContext,
  runInContext,
  runOutside,
} from './context'
export { type AttributeSerializer, CurrentAttributes, registerCurrent } from './current'
export { currentBaggage } from './current-baggage'
export { currentGate, type Effect, type EffectGate, type EffectKind } from './effects'
export { AfterCommitError, ClosedContextError, InvalidBaggageError, NoContextError } from './errors'
export { innermost, type LogScope, scopeLogs, wholeOf } from './log-scope'
export { type ContextOptions, contextOptions, type Fetch } from './options'
export { currentSpanOf, knownTrace, outgoingTrace, setTraceSource, type TraceSource } from './outgoing-trace'
export { ownRequestId, requestIdFrom } from './request-id'
export {
  continueTrace,
  formatTraceparent,
  type IncomingTrace,
  parseTraceparent,
  parseTracestate,
  type Trace,
  type TraceParent,
} from './trace'
export { Transaction } from './transaction'
export type { CurrentSpan, UnitSpan } from './unit-span'

/**
 * context: who is this work for. One store per unit of work, `Current` attributes, and the port for effects
 * that a gate may hold back. Carries values; it writes no logs and makes no spans.
 */
export { afterCommit } from './after-commit'
export { type Carrier, dumpCarrier, encodeCarrier, loadCarrier } from './carrier'
export {
  type Arm,
  Context,
  type ContextKind,
  type ContextSeed,
  callInContext,
  currentContext,
  deriveContext,
  runInContext,
  runOutside,
} from './context'
export { type AttributeSerializer, CurrentAttributes } from './current'
export { currentGate, type Effect, type EffectGate, type EffectKind } from './effects'
export { AfterCommitError, NoContextError } from './errors'
export { ownRequestId, requestIdFrom } from './request-id'
export { Transaction } from './transaction'

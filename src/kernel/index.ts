/**
 * kernel: what every room builds on: errors, options, clock, registries, the Service contract.
 * Knows nothing of HTTP, jobs or logs, and holds no state but the warnings already given.
 */
export { type AnyClass, Bindings } from './bindings'
export { callSite } from './call-site'
export { type Clock, systemClock, type Timer } from './clock'
export { type CodedErrorClass, defineError, type ErrorDefinition, RageError } from './define-error'
export {
  AmbiguousRuntimeError,
  DuplicateNameError,
  InvalidOptionError,
  LifecycleError,
  MissingPackageError,
  NotRegisteredError,
  NotRegistrableError,
  RegistrationClosedError,
  UnknownOptionError,
} from './errors'
export { didYouMean } from './nearest'
export {
  anyValue,
  defineOptions,
  flag,
  type Option,
  type OptionGroup,
  oneOf,
  type Resolved,
  resolveOptions,
  text,
  wholeNumber,
} from './options'
export { loadPeer } from './peer-package'
export { Registry } from './registry'
export { Scope } from './scope'
export { createService, type DrainReport, type Phase, type Service, type ServiceSteps } from './service'
export { StayAlive } from './stay-alive'
export { isThenable } from './thenable'
export { isCausedBy, showable } from './thrown'
export { warnOnce } from './warnings'

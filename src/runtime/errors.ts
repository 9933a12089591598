/** Errors of the runtime. */
import { defineError } from '../kernel'

/** A request for an owned route arrived, but the runtime could not boot. */
export class BootFailedError extends defineError('RAGE_RUNTIME_BOOT_FAILED', {
  status: 503,
  what: (f: { reason: string }) => `The runtime could not boot: ${f.reason}`,
  fix: 'See the cause. Routes that are not owned are still served; call await rage.boot() at start-up to fail early.',
}) {}

/** A request for an owned route arrived while the runtime drains or after it stopped. */
export class UnavailableError extends defineError('RAGE_RUNTIME_UNAVAILABLE', {
  status: 503,
  what: (f: { phase: string }) => `The runtime is ${f.phase} and takes no more requests.`,
  fix: 'Try again: another process, or this one after its restart, will answer.',
}) {}

/** A route names a controller by string, and no registered controller has that name. */
export class UnknownControllerError extends defineError('RAGE_RUNTIME_UNKNOWN_CONTROLLER', {
  what: (f: { target: string; where: string; hint: string }) =>
    `The route at ${f.where} names "${f.target}", which is not registered.${f.hint}`,
  fix: 'Call rage.register(TheController), or use [TheController, "action"] as target.',
}) {}

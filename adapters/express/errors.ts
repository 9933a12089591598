/** Errors of the Express adapter. */
import { defineError } from '../../src/kernel'

/** Two mounts in one Express app own the same route: the second would never be reached. */
export class MountConflictError extends defineError('RAGE_EXPRESS_MOUNT_CONFLICT', {
  what: (f: { route: string; path: string }) => `Two mounts at "${f.path}" of one app both own ${f.route}.`,
  fix: 'Mount one runtime once per path, or remove the route from one of them.',
}) {}

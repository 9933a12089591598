/**
 * cli: the command `rage`. Speaks to the processes of a storage folder through their sockets, or takes the logs of
 * stopped ones. Loads no code of the application.
 */
export { runCommand } from './run'

/** The methods of a logger this room needs; rooms of a layer do not import each other. */
export interface ErrorLog {
  error(fields: object, message: string): void
  warn(fields: object, message: string): void
  info(fields: object, message: string): void
}

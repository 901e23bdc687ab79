/** What a socket that takes up where it stopped needs while it catches up. */
export interface Resumption {
  /**
   * Whether the live event may be sent now. If not, it was kept for later, or the client has it already.
   */
  passes(message: Buffer, type: string, offset: number): boolean;
}

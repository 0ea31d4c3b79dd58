import { UpiError } from '../../core/errors.ts'

/** Whatever was thrown, as an error for people; what the system says of disks and rights gets its fix. */
export function asUpiError(error: unknown): UpiError {
  if (error instanceof UpiError) return error
  const { code, message, stack } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new UpiError('DISK_FULL', `the disk is full (${message})`, {
      fix: 'free some space, or set UPI_HOME and UPI_CACHE_DIR to folders on a larger disk',
      cause: error,
    })
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new UpiError('CACHE_UNWRITABLE', message, {
      fix: 'set UPI_HOME and UPI_CACHE_DIR to folders that you may write',
      cause: error,
    })
  }
  return new UpiError('BUG', stack ?? String(error), { cause: error })
}

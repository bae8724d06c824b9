export const HELP = `Looks after the uploads of a NestJS application that uses nestjs-chunked-upload.

  nestjs-chunked-upload delete-expired-uploads --app <file> [type…] [options]
  nestjs-chunked-upload reconcile --app <file> [type…] [options]

delete-expired-uploads deletes unfinished uploads that have expired, and uploads whose owner is gone, but
never one that is being written. It can run while the application runs, and several times at once.

  -i, --interactive   ask before each
  -k, --keep-record   delete only the bytes, keep the records
  -u, --unfinished    also those that have not expired yet; asks once
  -y, --yes           do not ask

reconcile deletes bytes without a record, and lists records without bytes. It looks at everything that
is stored. No other application may keep uploads in the same folder: try --dry-run first.

      --grace <time>  keep bytes that are newer than this (default: 1h)

Both:

      --app <file>    the compiled file of the application's module, such as dist/app.module.js
      --export <name> name of its export (default: AppModule, or the only module)
      type…           entity names or paths of upload types (default: all)
      --dry-run       change nothing, show what would be done
  -h, --help
  -v, --version

Exit code: 0 done, 1 something failed, 2 wrong usage.`;

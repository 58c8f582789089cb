import { lstatSync, readlinkSync, statSync } from 'node:fs';

/** How handlers are kept in: by bubblewrap, by util-linux alone, or by Node's permissions only. */
export type SandboxKind = 'bubblewrap' | 'unshare' | 'node-only';

/** The programs of this machine that a sandbox is made with, as absolute paths. */
export type SandboxTools = {
  readonly bwrap?: string | undefined;
  readonly unshare?: string | undefined;
  readonly setpriv?: string | undefined;
};

/** A program to be kept in. All paths are absolute. */
export type ConfinedProgram = {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its working directory, one of `readable`. */
  readonly folder: string;
  /** Files and folders that it may read, besides the runtime and its libraries. */
  readonly readable: readonly string[];
  /** Heap of a `node` program, in mebibytes. */
  readonly memoryMiB: number;
};

/** What to spawn; the environment is whole, nothing is inherited. */
export type SandboxCommand = {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
};

/*
 * Programs and libraries come from the system's folders, read-only; the rest of the tree is not
 * there: no /etc, no /home, no /proc, no sockets of other services.
 */
const systemPaths = ['/usr', '/bin', '/lib', '/lib64', '/nix/store', '/etc/ld.so.cache'];
const devices = ['/dev/null', '/dev/zero', '/dev/urandom'];
const mountPoints = ['/mnt', '/media', '/opt', '/srv'];

/** The command that runs `program` inside a sandbox of this kind. */
export function sandboxCommand(
  kind: SandboxKind,
  tools: SandboxTools,
  program: ConfinedProgram,
): SandboxCommand {
  const inner = withNodeFlags(program);
  const words = wrapped(kind, tools, program, inner);
  const [file = '', ...args] = words;
  return { file, args, cwd: kind === 'node-only' ? program.folder : '/' };
}

function wrapped(
  kind: SandboxKind,
  tools: SandboxTools,
  program: ConfinedProgram,
  inner: readonly string[],
): readonly string[] {
  const [runtime = ''] = inner;
  const paths = outermost([...systemPaths, runtime, ...program.readable].filter(exists));
  const dieWithParent = tools.setpriv === undefined ? [] : [tools.setpriv, '--pdeathsig', 'KILL'];
  switch (kind) {
    case 'bubblewrap':
      return [tools.bwrap ?? 'bwrap', ...bubblewrapArgs(paths, program.folder), ...inner];
    case 'unshare':
      return [
        ...dieWithParent,
        tools.unshare ?? 'unshare',
        ...unshareArgs(paths, program.folder),
        ...inner,
      ];
    case 'node-only':
      return [...dieWithParent, ...inner];
  }
}

/** Node's own fence, inside whatever else there is. Its name changed after Node 22. */
function withNodeFlags(program: ConfinedProgram): readonly string[] {
  const [file, ...args] = program.command;
  if (file !== process.execPath) return program.command;
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const readable = program.readable.flatMap((path) =>
    isFolder(path) ? [`--allow-fs-read=${path}/*`] : [`--allow-fs-read=${path}`],
  );
  return [
    file,
    permission,
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=SecurityWarning',
    '--no-addons',
    `--max-old-space-size=${program.memoryMiB}`,
    ...readable,
    ...args,
  ];
}

function bubblewrapArgs(paths: readonly string[], folder: string): string[] {
  const mounts = paths.flatMap((path) =>
    lstatSync(path).isSymbolicLink()
      ? ['--symlink', readlinkSync(path), path]
      : ['--ro-bind', path, path],
  );
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
    ...mounts,
    ...devices.flatMap((device) => ['--dev-bind', device, device]),
    ...['--remount-ro', '/', '--chdir', folder, '--'],
  ];
}

/*
 * What bubblewrap does, in a shell: a new root in a mount namespace of its own, then into it
 * without any capability. A mount that cannot be made read-only ends it.
 */
const unshareScript = `
root=$1; folder=$2; shift 2
mount -t tmpfs -o size=1m,mode=755 tmpfs "$root"
while [ "$1" != -- ]; do
  at="$root$1"; above="\${at%/*}"
  mkdir -p "$above"
  if [ -L "$1" ]; then ln -s "$(readlink "$1")" "$at"
  elif [ -c "$1" ]; then : > "$at"; mount --bind "$1" "$at"
  else
    if [ -d "$1" ]; then mkdir -p "$at"; else : > "$at"; fi
    mount --rbind "$1" "$at"
    mount -o remount,bind,ro,nosuid,nodev "$at" ||
      mount -o remount,bind,ro,nosuid,nodev,noexec "$at"
  fi
  shift
done
shift
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \\
  sh -c 'cd "$1"; shift; exec "$@"' sh "$folder" "$@"
`;

function unshareArgs(paths: readonly string[], folder: string): string[] {
  const hides = (point: string): boolean => paths.some((path) => path.startsWith(`${point}/`));
  const root = mountPoints.find((point) => exists(point) && !hides(point)) ?? '/mnt';
  return [
    ...['--user', '--map-root-user', '--mount', '--net', '--ipc', '--uts', '--pid'],
    ...['--fork', '--kill-child=KILL', '--'],
    ...['/bin/sh', '-euc', unshareScript, 'sh', root, folder],
    ...[...paths, ...devices, '--'],
  ];
}

/** The paths without those that lie in another one of them. */
function outermost(paths: readonly string[]): string[] {
  const folders = paths.filter((path) => statSync(path).isDirectory());
  const inside = (path: string): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
  return [...new Set(paths)].filter((path) => !inside(path));
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

// Cloudflare R2 is known by its name: here every such name is this machine's. In plain JavaScript, as
// processes load it that nothing compiles.
import dns from 'node:dns';

const { lookup } = dns;

dns.lookup = (hostname, options, found) =>
  lookup(hostname.endsWith('.r2.cloudflarestorage.com') ? '127.0.0.1' : hostname, options, found);

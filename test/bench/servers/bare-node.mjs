import { createServer } from 'node:http';
import { listen } from './announce.mjs';
import { writeBody } from './write-body.mjs';

listen(
  createServer(async (request, response) => {
    await writeBody(request);
    response.writeHead(204).end();
  }),
);

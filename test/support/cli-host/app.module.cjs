// The same application from CommonJS, under another name, beside a module that is not meant.
const { Module } = require('@nestjs/common');

class HostModule {}
class HelperModule {}

module.exports = { HostModule, HelperModule, notAModule: () => ({}) };
Module({ providers: [] })(HelperModule);
// Of ESM it gets a promise, which Nest takes among the imports.
Module({
  imports: [import('./app.module.mjs').then(({ AppModule }) => ({ module: AppModule }))],
})(HostModule);

// The little of sql.js that is used here.
declare module "sql.js" {
  export interface Database {
    run(sql: string, parameters?: Record<string, string | number>): Database;
    exec(sql: string): { columns: string[]; values: (string | number | null)[][] }[];
    export(): Uint8Array;
    close(): void;
  }
  export default function initSqlJs(): Promise<{
    Database: new (bytes: Uint8Array) => Database;
  }>;
}

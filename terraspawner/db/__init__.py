"""Our own database: tables, rows in and out, migrations. Never the Hub's (ARCHITECTURE.md, Processes)."""

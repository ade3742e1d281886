//! The one program of Fairway; see the library of the same name.

use clap::Parser as _;
use fairway::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    cli::log::start(arguments.log_level());
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return cli::fail(&format!("the runtime cannot start: {error}")),
    };
    match runtime.block_on(cli::run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::fail(&failure.text);
            ExitCode::from(failure.code)
        }
    }
}

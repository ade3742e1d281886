//! The demonstration ends well, and the same seed makes the same books.

use std::process::Command;

use super::{BOOKS_PREFIX, BUILD_LIMIT, Context, DEMO_ARGUMENTS, DEMO_LIMIT, Outcome};
use crate::demo::PROGRAM_BUILD;
use crate::{run, workspace};

/// Builds as `cargo demo` does, runs twice, compares.
pub(super) fn demo(context: &Context) -> Result<Outcome, String> {
    let mut build = context.cargo(&["build", "--locked"]);
    context.one_check(build.args(PROGRAM_BUILD), BUILD_LIMIT)?;
    let started = std::time::Instant::now();
    let first = books(context)?;
    let time = started.elapsed();
    let second = books(context)?;
    match difference(&first, &second) {
        None => Ok(Outcome {
            note: format!("one run: {}", run::minutes(time)),
            ..Outcome::passed(2)
        }),
        Some(problem) => Err(problem),
    }
}

/// The lines of the final books that one run printed.
fn books(context: &Context) -> Result<Vec<String>, String> {
    let program = workspace::target_dir().join("debug/fairway");
    let mut command = Command::new(program);
    let done = context.log.run(
        command.args(DEMO_ARGUMENTS).current_dir(&context.root),
        DEMO_LIMIT,
    )?;
    if !done.success {
        return Err(format!("the demonstration failed: {}", done.how));
    }
    Ok(done
        .output
        .lines()
        .filter(|line| line.starts_with(BOOKS_PREFIX))
        .map(str::to_owned)
        .collect())
}

fn difference(first: &[String], second: &[String]) -> Option<String> {
    if first.is_empty() {
        return Some(format!(
            "the demonstration printed no line that begins with `{BOOKS_PREFIX}`"
        ));
    }
    let same = first == second;
    (!same).then(|| {
        format!(
            "the same seed made different books:\n{}\nand\n{}",
            first.join("\n"),
            second.join("\n")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_books_pass_and_others_are_shown() {
        let books = |text: &str| vec![text.to_owned()];
        assert_eq!(difference(&books("books 1"), &books("books 1")), None);
        assert!(
            difference(&books("books 1"), &books("books 2"))
                .unwrap()
                .contains("books 2")
        );
        assert!(difference(&[], &[]).is_some());
    }
}

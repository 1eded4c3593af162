//! What is typed at the terminal and not shown.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::low_level::{emulate_default_handler, pipe, unregister};
use signal_hook::{SigId, flag};
use zeroize::Zeroizing;

/// The longest line that a terminal passes on, in octets.
const MAX_LINE: usize = 4096;

/// Asks for a line on standard input, a terminal, which does not show what is typed.
///
/// A signal that ends or stops the program does so once the terminal shows again what is typed.
///
/// # Errors
/// If there is no terminal, or its input has ended.
pub(super) fn ask(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    let keyboard = io::stdin();
    let mut screen = File::options().write(true).open("/dev/tty")?;
    let mut signals = Signals::catch()?;
    loop {
        let hidden = Hidden::from(keyboard.as_fd())?;
        screen.write_all(prompt.as_bytes())?;
        let answer = match signals.await_with(keyboard.as_fd())? {
            Some(signal) => Err(signal),
            None => Ok(read_line(keyboard.as_fd())?),
        };
        drop(hidden);
        screen.write_all(b"\n")?;
        match answer {
            Ok(line) => return Ok(line),
            // Whoever let the program go on may have set the terminal anew.
            Err(SIGCONT) => {}
            Err(signal) => {
                emulate_default_handler(signal)?;
                signals.await_continuation()?;
            }
        }
    }
}

/// Reads a line past the buffer of standard input, which nothing would wipe.
fn read_line(keyboard: BorrowedFd<'_>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(vec![0; MAX_LINE]);
    match rustix::io::read(keyboard, &mut **line)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        length => {
            line.truncate(length);
            Ok(line)
        }
    }
}

/// A terminal that does not show what is typed, until this is dropped.
struct Hidden<'t> {
    terminal: BorrowedFd<'t>,
    before: Termios,
}

impl<'t> Hidden<'t> {
    fn from(terminal: BorrowedFd<'t>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(terminal, OptionalActions::Now, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Signals that are told of here, instead of having their effect at once.
struct Signals {
    pipes: Vec<(i32, UnixStream)>,
    registered: Vec<SigId>,
}

/// Whether signals have their effect at once. It is asked by a handler that is never taken off: without one
/// they would have no effect at all.
static AT_ONCE: LazyLock<io::Result<Arc<AtomicBool>>> = LazyLock::new(|| {
    let at_once = Arc::new(AtomicBool::new(true));
    for signal in Signals::ALL {
        flag::register_conditional_default(signal, at_once.clone())?;
    }
    Ok(at_once)
});

impl Signals {
    const ALL: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT];

    fn catch() -> io::Result<Self> {
        let mut signals = Self { pipes: Vec::new(), registered: Vec::new() };
        for signal in Self::ALL {
            let (told, teller) = UnixStream::pair()?;
            signals.registered.push(pipe::register(signal, teller)?);
            signals.pipes.push((signal, told));
        }
        Self::set_at_once(false)?;
        Ok(signals)
    }

    fn set_at_once(value: bool) -> io::Result<()> {
        match &*AT_ONCE {
            Ok(at_once) => at_once.store(value, Ordering::SeqCst),
            Err(error) => return Err(error.kind().into()),
        }
        Ok(())
    }

    /// Waits for a signal, or until something can be read; a signal goes first.
    fn await_with(&mut self, input: BorrowedFd<'_>) -> io::Result<Option<i32>> {
        let mut fds: Vec<_> = self.pipes.iter().map(|(_, pipe)| pipe.as_fd()).collect();
        fds.push(input);
        let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(fd, PollFlags::IN)).collect();
        while let Err(error) = poll(&mut fds, None) {
            if error != Errno::INTR {
                return Err(error.into());
            }
        }
        let Some(first) = fds.iter().position(|fd| !fd.revents().is_empty()) else { return Ok(None) };
        drop(fds);
        match self.pipes.get_mut(first) {
            None => Ok(None),
            Some((signal, told)) => {
                told.read_exact(&mut [0])?;
                Ok(Some(*signal))
            }
        }
    }

    /// After the program was stopped, waits until it is told that it goes on.
    fn await_continuation(&mut self) -> io::Result<()> {
        match self.pipes.iter_mut().find(|(signal, _)| *signal == SIGCONT) {
            Some((_, told)) => told.read_exact(&mut [0]),
            None => Ok(()),
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Once there was an error, there are no handlers.
        let _ = Self::set_at_once(true);
        self.registered.drain(..).for_each(|id| {
            unregister(id);
        });
    }
}

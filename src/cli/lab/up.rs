//! `lab up`: brings a lab up and keeps it until Ctrl-C, SIGTERM, or `lab down`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::Up;
use super::{place, tell};
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::session::{env, out};
use crate::config;
use crate::lab::estates::Estate;
use crate::lab::house::{Lab, Settings};
use crate::lab::instances::{Imagined, Processes};
use crate::lab::keeper::Machines;
use crate::lab::life::Surroundings;
use crate::lab::permission::{FREE_KEY, Policy};
use crate::lab::world;

pub(super) async fn run(global: &Global, args: &Up) -> Result<u8, Failure> {
    let scratch = scratch()?;
    let lab = Lab::up(Settings {
        world: world::Settings {
            region: region(global),
            began: Timestamp::now(),
            speed: speed(args.speed)?,
            propagation: args.data_plane_delay,
            throttle: args.throttle,
            policy: args.policy.as_deref().map(policy).transpose()?,
            seed: args.chance,
            ..world::Settings::default()
        },
        port: args.place.port.unwrap_or(place::USUAL_PORT),
        ports: BTreeMap::new(),
        folder: place::folder(),
        estate: estate(global, args)?,
        surroundings: match args.imagined {
            true => of(|| Box::new(Imagined::default())),
            false => surroundings(scratch.path())?,
        },
    })
    .await
    .map_err(|error| {
        Failure::usage(
            error.to_string(),
            "choose another port with --port, or take that lab down",
        )
    })?;
    out(&tell::text(&lab.picture().await))?;
    if let Some(file) = &args.policy {
        out(&format!(
            "\nwhoever signs with another key than {FREE_KEY} is held to {}\n",
            file.display()
        ))?;
    }
    out("\nthe lines above let other commands talk to the lab; Ctrl-C or `swingbridge lab down` ends it\n")?;
    let ended = tokio::select! {
        () = lab.asked_down() => Ok(()),
        signal = told_to_stop() => signal,
    };
    lab.down().await;
    ended?;
    Ok(0)
}

/// Instances are this very executable, and have their folders under `scratch`.
pub(in crate::cli) fn surroundings(scratch: &Path) -> Result<Surroundings, Failure> {
    let command: Vec<OsString> = vec![
        std::env::current_exe()?.into(),
        OsString::from("lab"),
        OsString::from("instance"),
    ];
    let scratch = scratch.to_owned();
    Ok(of(move || {
        Box::new(Processes::new(command.clone(), scratch.join("instances")))
    }))
}

fn of(machines: impl Fn() -> Box<dyn Machines> + Send + Sync + 'static) -> Surroundings {
    Surroundings(Box::new(machines))
}

/// A folder for the instances' logs, gone with the lab.
pub(in crate::cli) fn scratch() -> Result<tempfile::TempDir, Failure> {
    Ok(tempfile::Builder::new().prefix("swingbridge-lab-").tempdir()?)
}

fn estate(global: &Global, args: &Up) -> Result<Estate, Failure> {
    if args.empty {
        return Ok(Estate::default());
    }
    // The variable names a swingbridge.toml; only the flag can mean an estate.
    let file = global
        .config
        .as_ref()
        .filter(|file| env(config::CONFIG).map(PathBuf::from).as_ref() != Some(file));
    let Some(file) = file else {
        return Estate::named(&args.seed).ok_or_else(|| {
            Failure::usage(
                format!("there is no seed {}", args.seed),
                "001 is the one there is",
            )
        });
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(
            format!("cannot read {}: {error}", file.display()),
            "name an estate's file",
        )
    })?;
    Estate::read(&text).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", file.display()),
            "templates/lab-estate.toml shows every key of an estate",
        )
    })
}

fn policy(file: &Path) -> Result<Policy, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(
            format!("cannot read {}: {error}", file.display()),
            "name a policy's file",
        )
    })?;
    Policy::read(&text).map_err(|error| {
        Failure::usage(
            format!("{}: {error}", file.display()),
            "`swingbridge iam-policy` prints policies that the lab can read",
        )
    })
}

fn region(global: &Global) -> String {
    let usual = || world::Settings::default().region;
    global.settings.region.clone().unwrap_or_else(usual)
}

fn speed(speed: f64) -> Result<f64, Failure> {
    if (0.01..=1000.0).contains(&speed) {
        return Ok(speed);
    }
    Err(Failure::usage(
        format!("{speed} is no speed"),
        "give a number from 0.01 to 1000; 10 is ten times as fast",
    ))
}

async fn told_to_stop() -> Result<(), Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        _ = terminate.recv() => Ok(()),
    }
}

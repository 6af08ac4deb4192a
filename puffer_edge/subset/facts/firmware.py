# SPDX-License-Identifier: MIT
"""Firmware that others build from MicroPython: the modules that theirs has beside its own.

By the registrations in the sources of openmv/openmv, m5stack/uiflow-micropython and
pimoroni/pimoroni-pico, and the folders whose modules they freeze.
"""

from __future__ import annotations

from collections.abc import Mapping

MODULES = {
    "openmv": (
        "apds9960 audio bno055 cpufreq crc csi display fir ft5x06 gif gt911 image imu lora machine "
        "microdot mjpeg ml modbus mqtt mutex nn_st omv openamp pca9674a pid protocol pyb requests "
        "romfs rpc rtsp sensor ssd1306 ssd1351 st7701 tb6612 tf tfp410 tof ulab umalloc uping "
        "utelnet vl53l1x"),
    "m5stack": (
        "M5 audio base bleuart camera cap cdriver chain code_scanner dl driver esp_zigbee_host "
        "ezdata hardware hat image image_plus iot_devices jpg lv_utils lvgl m5audio2 m5ble m5can "
        "m5espnow m5ui m5utils microdot modbus module requests2 rf433 rmt_ir software stamplc "
        "startup umqtt unit usb utility widgets"),
    "pimoroni": (
        "MLX90640 adcfft automation badger2040 breakout_as7262 breakout_as7343 breakout_bh1745 "
        "breakout_bme280 breakout_bme68x breakout_bme69x breakout_bmp280 breakout_dotmatrix "
        "breakout_encoder breakout_encoder_wheel breakout_icp10125 breakout_ioexpander "
        "breakout_ltr559 breakout_matrix11x7 breakout_mics6814 breakout_msa301 breakout_paa5100 "
        "breakout_pmw3901 breakout_potentiometer breakout_rgbmatrix5x5 breakout_rtc "
        "breakout_scd41 breakout_sgp30 breakout_trackball breakout_vl53l5cx cosmic cppmem encoder "
        "galactic gfx_pack hub75 inky_frame interstate75 inventor jpegdec lte motor pcf85063a "
        "picoexplorer picographics picokeypad picoscroll picosystem picounicorn picovector "
        "picowireless pimoroni pimoroni_bus pimoroni_i2c plasma pngdec servo stellar ulab "
        "wakeup")}
MEMBERS = {"openmv": {"time": ("clock",)}}


def names(firmware: str) -> Mapping[str, tuple[str, ...]]:
    """Names by scope, where ``*`` is any name; empty for MicroPython's own firmware."""
    return {**{module: ("*",) for module in MODULES.get(firmware, "").split()},
            **MEMBERS.get(firmware, {})}
